import { OperatorError } from '../../lib/base/errors';

/** What the errors of a directory mean to an administrator. */
const CAUSES: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'its file system is read-only',
  EIO: 'its device fails',
  ENOTDIR: 'a file is in its place',
  EEXIST: 'a file is in its place',
  ENOENT: 'it does not exist',
  ELOOP: 'its links lead in a circle',
};
const FULL = ['ENOSPC', 'EDQUOT'];

/**
 * Runs `act`, which works in `directory` of the node and needs about `bytes` there; errors of the file system become
 * NoSpaceOnNode or NodeDirectoryUnusable. Others pass.
 */
export const inDirectory = async <Result>(
  directory: string,
  bytes: number,
  act: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await act();
  } catch (error) {
    const code = error instanceof OperatorError ? '' : String((error as NodeJS.ErrnoException).code ?? '');
    if (FULL.includes(code)) throw new OperatorError('NoSpaceOnNode', { directory, bytes }, { cause: error });
    const cause = CAUSES[code];
    if (cause === undefined) throw error;
    throw new OperatorError('NodeDirectoryUnusable', { directory, cause }, { cause: error });
  }
};
