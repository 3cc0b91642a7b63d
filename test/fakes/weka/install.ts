import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the stand-in for WEKA's command knows and remembers. */
export interface WekaState {
  /** WEKA's directory, /opt/weka of its image. */
  readonly directory: string;
  /** Whether it is new enough to pack drivers. */
  readonly canPack: boolean;
  /** WEKA version → paths of its modules for `kernel`. */
  readonly drivers: Readonly<Record<string, readonly string[]>>;
  /** Kernel that it believes to run on. */
  readonly kernel: string;
  /** Versions that were packed, in order. */
  readonly packed: readonly string[];
}

/** Puts the stand-in into `directory` as `weka`; needs `node` on the PATH of whoever runs it. */
export const installWeka = async (directory: string, state: Omit<WekaState, 'packed'>): Promise<void> => {
  await mkdir(directory, { recursive: true });
  await copyFile(join(__dirname, 'weka.js'), join(directory, 'weka'));
  await chmod(join(directory, 'weka'), 0o755);
  await writeFile(join(directory, 'weka-state.json'), JSON.stringify({ ...state, packed: [] }));
};

/** What it remembers now. */
export const wekaState = async (directory: string): Promise<WekaState> =>
  JSON.parse(await readFile(join(directory, 'weka-state.json'), 'utf8')) as WekaState;
