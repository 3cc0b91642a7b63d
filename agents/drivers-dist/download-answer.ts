import type { ByteRange } from './byte-range';
import { readRange } from './byte-range';

/** What a client asks for. */
export interface DownloadRequest {
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** What it gets: status, headers, and which bytes; no `body`: none. */
export interface DownloadAnswer {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: ByteRange;
}

/** Packages never change under their digest, but another digest may take their place. */
const CACHE_CONTROL = 'no-cache';

const matches = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));

/** The answer to a GET of a package. Pure. */
export const answerDownload = (
  { range: wanted, ifRange, ifNoneMatch }: DownloadRequest,
  { sha256, size }: { readonly sha256: string; readonly size: number },
): DownloadAnswer => {
  const etag = `"${sha256}"`;
  const headers = { etag, 'accept-ranges': 'bytes', 'cache-control': CACHE_CONTROL };
  if (matches(ifNoneMatch, etag)) return { status: 304, headers };
  const range = ifRange === undefined || ifRange === etag ? readRange(wanted, size) : undefined;
  if (range === 'unsatisfiable')
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${size}`, 'content-length': 0 } };
  const body = range ?? { start: 0, end: size - 1 };
  const described = { ...headers, 'content-type': 'application/gzip', 'content-length': body.end - body.start + 1 };
  if (range === undefined) return { status: 200, headers: described, body };
  const contentRange = `bytes ${body.start}-${body.end}/${size}`;
  return { status: 206, headers: { ...described, 'content-range': contentRange }, body };
};
