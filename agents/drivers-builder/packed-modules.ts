import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { openPromise } from 'yauzl';

/** Bytes that a module may have, and all modules of an archive together. */
const MODULE_BYTES = 256 << 20;
const TOTAL_BYTES = 512 << 20;

/**
 * Contents of the module files in an archive that WEKA's command wrote, in the order of their names; none in a file that is
 * no archive. Nothing is extracted: names decide nothing but the order, links and directories are passed over.
 */
export const modulesInArchive = async (path: string): Promise<readonly Buffer[]> => {
  const modules = path.endsWith('.zip')
    ? await modulesInZip(path)
    : /\.(tar\.gz|tgz)$/.test(path)
      ? await modulesInTar(path)
      : [];
  return modules.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ content }) => content);
};

interface Named {
  readonly name: string;
  readonly content: Buffer;
}

/** Gathers a module, and refuses what no module is as large as. */
const gather = async (stream: AsyncIterable<Buffer>, already: readonly Named[]): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let left = Math.min(MODULE_BYTES, TOTAL_BYTES - already.reduce((sum, { content }) => sum + content.length, 0));
  for await (const chunk of stream) {
    left -= chunk.length;
    if (left < 0) throw new Error('an archive of drivers is larger than any driver');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const modulesInTar = async (path: string): Promise<Named[]> => {
  const tar = extract();
  const entries = tar[Symbol.asyncIterator]();
  const piped = pipeline(createReadStream(path), createGunzip(), tar as unknown as NodeJS.WritableStream);
  // Its failure is seen by the iterator, too.
  piped.catch(() => undefined);
  const modules: Named[] = [];
  for (let next = await entries.next(); next.done !== true; next = await entries.next()) {
    const { name, type } = next.value.header;
    if (type === 'file' && name.endsWith('.ko')) {
      modules.push({ name, content: await gather(next.value as AsyncIterable<Buffer>, modules) });
    } else next.value.resume();
  }
  await piped;
  return modules;
};

const modulesInZip = async (path: string): Promise<Named[]> => {
  const zip = await openPromise(path);
  const modules: Named[] = [];
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith('.ko')) continue;
    const stream: Readable = await zip.openReadStreamPromise(entry);
    modules.push({ name: entry.fileName, content: await gather(stream as AsyncIterable<Buffer>, modules) });
  }
  return modules;
};
