import { kept } from './setup';

const teardown = async (): Promise<void> => {
  await kept.shared?.stop();
};

// jest takes the default export.
export { teardown as default };
