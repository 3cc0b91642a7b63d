import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runProgram } from '../artefacts/run-program';
import { makeFileSystem } from './file-system';
import type { ImageArchive } from './images';
import { makeOperatorImage, makePauseImage, makeWekaImages, OPERATOR_IMAGE, PAUSE_IMAGE, WEKA_IMAGES } from './images';
import type { NodeBinaries } from './node-binaries';
import { importConfig } from './node-files';
import { withDirectory } from './temporary';

/** A containerd's directory with every image but the operator's, unpacked. */
export const makeStore = (store: string, binaries: NodeBinaries): Promise<void> =>
  withDirectory(async (directory) => {
    const archive = (name: string, index: number): ImageArchive => ({ file: join(directory, `${index}.tar`), name });
    const images = [PAUSE_IMAGE, ...WEKA_IMAGES].map(archive);
    await makePauseImage(images[0] as ImageArchive);
    await makeWekaImages(images.slice(1), directory);
    await mkdir(store);
    await importImages(store, images, binaries);
  });

export interface ContainersOptions {
  readonly store: string;
  readonly base: ImageArchive;
  /** What `npm run bundle` wrote. */
  readonly dist: string;
  readonly binaries: NodeBinaries;
}

/** The image of a drive that is /var/lib/containerd: that store, and the operator's image as its Dockerfile says. */
export const makeContainersDrive = (file: string, { store, base, dist, binaries }: ContainersOptions): Promise<void> =>
  withDirectory(async (directory) => {
    const image = { file: join(directory, 'operator.tar'), name: OPERATOR_IMAGE };
    await makeOperatorImage(image, base, dist);
    const own = join(directory, 'store');
    await runProgram('cp', ['-a', '--reflink=auto', store, own]);
    await importImages(own, [image], binaries);
    await makeFileSystem(file, own, 8192);
  });

/** Unpacks images into the store of a containerd that runs here for that long: inside an emulated node it takes minutes. */
const importImages = (store: string, images: readonly ImageArchive[], binaries: NodeBinaries): Promise<void> =>
  withDirectory(async (run) => {
    await writeFile(join(run, 'config.toml'), importConfig(store, run));
    const program = join(binaries.containerd, 'containerd');
    const server = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, '-c', join(run, 'config.toml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    server.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-3000)));
    const gone = new Promise<void>((resolve) => server.once('close', () => resolve()));
    const ctr = (...args: string[]) =>
      runProgram(join(binaries.containerd, 'ctr'), ['-a', join(run, 'containerd.sock'), '-n', 'k8s.io', ...args]);
    try {
      while (
        !(await ctr('version').then(
          () => true,
          () => false,
        ))
      ) {
        if (server.exitCode !== null) throw new Error(`containerd ended: ${said}`);
        await wait(100);
      }
      for (const image of images) await ctr('images', 'import', '--local', image.file);
    } finally {
      server.kill('SIGTERM');
      await gone;
    }
  });
