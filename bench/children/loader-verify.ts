/** Hashes a file as the loader does before every load. */
import { sha256Of } from '../../agents/drivers-loader/package-cache';
import { peakMb, tell } from '../probe';

const main = async (): Promise<void> => {
  const { file, sha256 } = JSON.parse(process.argv[2] ?? '') as { file: string; sha256: string };
  const began = performance.now();
  const found = await sha256Of(file);
  const ms = performance.now() - began;
  if (found !== sha256) throw new Error('the digest is wrong');
  tell({ ms, peak: peakMb() });
};

void main();
