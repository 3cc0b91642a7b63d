import type { ClientRequest } from 'node:http';

/**
 * Bytes that a connection is given at once. All of a buffer is encrypted before any of it leaves: one of 128 MiB takes
 * several times as long as its pieces do, and as much memory again.
 */
const PIECE_BYTES = 256 << 10;

/** Sends `body` in pieces, each when the connection has taken the one before, and ends the request. */
export const sendBody = (outgoing: ClientRequest, body: Buffer): void => {
  let at = 0;
  const next = (): void => {
    while (at < body.length) {
      const piece = body.subarray(at, at + PIECE_BYTES);
      at += piece.length;
      if (!outgoing.write(piece)) return void outgoing.once('drain', next);
    }
    outgoing.end();
  };
  next();
};
