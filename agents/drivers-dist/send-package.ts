import type { ServerResponse } from 'node:http';
import type { ByteRange } from './byte-range';
import { CHUNK_BYTES } from './fingerprint';
import type { StoredPackage } from './stored-package';

/** The client went away, or was cut off. */
export class ConnectionClosed extends Error {
  constructor(cause?: Error) {
    super('the connection was closed', { cause });
  }
}

/**
 * Sends bytes of a package, each verified before it leaves, one chunk at a time: the next one is taken when the kernel
 * has the last one, so that a slow client holds one chunk and no more. Rejects with ConnectionClosed, or with what the
 * storage says (PackageCorrupted, a system error): the caller must cut the connection then, so that the client sees that
 * something is missing.
 */
export const sendPackage = async (
  response: ServerResponse,
  found: StoredPackage,
  { start, end }: ByteRange,
  pieceBytes = CHUNK_BYTES,
): Promise<void> => {
  const closed = new Promise<never>((_, reject) => response.once('close', () => reject(new ConnectionClosed())));
  closed.catch(() => undefined);
  for (let at = start; at <= end;) {
    const index = Math.floor(at / CHUNK_BYTES);
    const { bytes, release } = await found.chunk(index);
    try {
      const chunk = bytes.subarray(at - index * CHUNK_BYTES, end + 1 - index * CHUNK_BYTES);
      for (let sent = 0; sent < chunk.length; sent += pieceBytes)
        await Promise.race([write(response, chunk.subarray(sent, sent + pieceBytes)), closed]);
      at += chunk.length;
    } finally {
      release();
    }
  }
  response.end();
};

const write = (response: ServerResponse, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    response.write(bytes, (error) => {
      if (error) reject(new ConnectionClosed(error));
      else resolve();
    });
  });
