import { runProgram } from '../artefacts/run-program';

/** An image with an ext4 on it that holds what a directory holds. Its journal is what brings it back after a power cut. */
export const makeFileSystem = async (file: string, tree: string, megabytes: number): Promise<void> => {
  // Inode tables are left out now and in the guest: a sparse file reads as zeroes.
  const options = 'lazy_itable_init=1,lazy_journal_init=1';
  await runProgram('/sbin/mke2fs', ['-q', '-F', '-t', 'ext4', '-E', options, '-d', tree, file, `${megabytes}M`]);
};
