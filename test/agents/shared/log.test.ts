import { createLog } from '../../../agents/shared/log';

const lines = (level?: 'debug'): { log: ReturnType<typeof createLog>; said: () => unknown[] } => {
  const written: string[] = [];
  const write = (line: string): void => void written.push(line);
  const options = { write, now: () => 0, ...(level === undefined ? {} : { level }) };
  return {
    log: createLog({ agent: 'drivers-dist' }, options),
    said: () => written.map((line) => JSON.parse(line) as unknown),
  };
};

test('a line is JSON: time, level, message, then what it is about', () => {
  const { log, said } = lines();
  log.with({ package: 'p' }).info('storing', { size: 3 });
  expect(said()).toEqual([
    { ts: '1970-01-01T00:00:00.000Z', level: 'info', msg: 'storing', agent: 'drivers-dist', package: 'p', size: 3 },
  ]);
});

test('an error is written with its message and code, anything thrown without breaking', () => {
  const { log, said } = lines();
  log.error('failed', { error: Object.assign(new Error('no space'), { code: 'ENOSPC' }) });
  log.error('failed', { error: { odd: true } });
  expect(said()).toMatchObject([{ error: 'no space', code: 'ENOSPC' }, { error: '{"odd":true}' }]);
});

test('secrets are redacted, in fields and in texts', () => {
  const { log, said } = lines();
  log.info('proxy https://me:hunter2@proxy.example:3128 with Bearer abcdefghijkl', { permitToken: 'abc' });
  const text = JSON.stringify(said());
  for (const secret of ['hunter2', 'abcdefghijkl', '"abc"']) expect(text).not.toContain(secret);
});

test('debug lines are written only when asked for', () => {
  const quiet = lines();
  quiet.log.debug('detail');
  expect(quiet.said()).toEqual([]);
  const loud = lines('debug');
  loud.log.debug('detail');
  expect(loud.said()).toHaveLength(1);
});
