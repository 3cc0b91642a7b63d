import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, runProgram } from '../artefacts/run-program';
import { copySampleDriver } from '../fixtures/sample-driver';
import { makeDebian } from './debian';
import { withDirectory } from './temporary';

/** The names that Pods use. None of them is in any registry: the images are on the node before it boots. */
export const OPERATOR_IMAGE = 'localhost/weka-operator:test';
/** What keeps the namespaces of a Pod; it sleeps. */
export const PAUSE_IMAGE = 'localhost/pause:1';
/** Stand-ins for WEKA's image: a compiler, and the sources of the sample driver in the version that the tag names. */
export const WEKA_IMAGES = ['localhost/weka-in-container:4.4.5.118', 'localhost/weka-in-container:4.4.6.42'] as const;
/** Where those sources lie in them. */
export const WEKA_SOURCES = '/opt/weka/driver-sources';

/** An archive (OCI, uncompressed) that holds one image under its name. */
export interface ImageArchive {
  readonly file: string;
  readonly name: string;
}

/** The top of the checkout. */
const TOP = join(__dirname, '..', '..');

const BASE_PACKAGES = ['kmod', 'ca-certificates', 'libstdc++6'];
const COMPILER_PACKAGES = ['gcc-12', 'gcc', 'make', 'libc6-dev', 'libelf1', 'kmod', 'libstdc++6', 'ca-certificates'];

type Buildah = (...args: readonly string[]) => Promise<string>;

/**
 * buildah with a storage of its own, removed at the end: this machine's is neither used nor changed. vfs, because
 * overlay needs a file system below it that a container often lacks.
 */
const withBuildah = (use: (buildah: Buildah) => Promise<void>): Promise<void> =>
  withDirectory(async (storage) => {
    const own = ['--storage-driver=vfs', `--root=${join(storage, 'root')}`, `--runroot=${join(storage, 'run')}`];
    await use(async (...args) => (await runProgram('buildah', [...own, ...args])).trim());
  });

const save = async (buildah: Buildah, container: string, image: ImageArchive): Promise<void> =>
  void (await buildah(
    'commit',
    '--quiet',
    '--disable-compression',
    container,
    `oci-archive:${image.file}:${image.name}`,
  ));

/** What the operator's image is built from here: Debian with kmod and this machine's Node.js. */
export const makeBaseImage = (image: ImageArchive): Promise<void> =>
  withTree(BASE_PACKAGES, (root) =>
    withBuildah(async (buildah) => {
      const container = await buildah('from', 'scratch');
      await buildah('add', '--quiet', container, root, '/');
      await buildah('copy', '--quiet', container, process.execPath, '/usr/local/bin/node');
      await save(buildah, container, image);
    }),
  );

/** See PAUSE_IMAGE. */
export const makePauseImage = (image: ImageArchive): Promise<void> =>
  withBuildah(async (buildah) => {
    const container = await buildah('from', 'scratch');
    await buildah('copy', '--quiet', container, (await findProgram('busybox')) ?? 'busybox', '/busybox');
    await buildah('config', '--entrypoint', '["/busybox", "sleep", "2147483647"]', container);
    await save(buildah, container, image);
  });

/** See WEKA_IMAGES; all of them share the layer with the compiler. */
export const makeWekaImages = (images: readonly ImageArchive[], directory: string): Promise<void> =>
  withTree(COMPILER_PACKAGES, (root) =>
    withBuildah(async (buildah) => {
      const system = await buildah('from', 'scratch');
      await buildah('add', '--quiet', system, root, '/');
      const base = await buildah('commit', '--quiet', '--disable-compression', system);
      for (const image of images) {
        const version = image.name.slice(image.name.lastIndexOf(':') + 1);
        const sources = join(directory, `sources-${version}`);
        await copySampleDriver(sources, version);
        const container = await buildah('from', '--pull-never', base);
        await buildah('add', '--quiet', container, sources, WEKA_SOURCES);
        await save(buildah, container, image);
      }
    }),
  );

/** The project's Dockerfile on the base image (which lacks nothing that would be fetched), with the programs that `npm run bundle` wrote to `dist`. */
export const makeOperatorImage = (image: ImageArchive, base: ImageArchive, dist: string): Promise<void> =>
  withDirectory(async (context) => {
    await cp(dist, join(context, 'dist'), { recursive: true });
    await withBuildah(async (buildah) => {
      await buildah(
        ...[
          'build',
          '--quiet',
          '--isolation=chroot',
          '--format=oci',
          '--tag',
          `oci-archive:${image.file}:${image.name}`,
        ],
        ...['--build-arg', `BASE_IMAGE=oci-archive:${base.file}`, '--file', join(TOP, 'Dockerfile'), context],
      );
    });
  });

const withTree = (packages: readonly string[], use: (root: string) => Promise<void>): Promise<void> =>
  withDirectory(async (directory) => {
    const root = join(directory, 'root.tar');
    await makeDebian({ target: root, variant: 'essential', packages });
    await use(root);
  });
