/** Counts the content of TLS 1.3 records without decrypting it: their lengths are in clear. */
export class RecordMeter {
  /** Bytes of the record at hand that are still to come, the authentication tag and the type included. */
  private rest = 0;
  private header: number[] = [];

  /** Bytes of content in the first `length` bytes; a record counts when its header was seen. */
  count(bytes: Uint8Array, length: number): number {
    let content = 0;
    for (let at = 0; at < length;) {
      const skipped = Math.min(this.rest, length - at);
      this.rest -= skipped;
      at += skipped;
      if (this.rest === 0 && at < length) content += this.readHeader(bytes[at++] ?? 0);
    }
    return content;
  }

  /** Whether the last record has come whole. */
  get atEnd(): boolean {
    return this.rest === 0 && this.header.length === 0;
  }

  private readHeader(byte: number): number {
    this.header.push(byte);
    if (this.header.length < RECORD_HEADER) return 0;
    const [, , , high = 0, low = 0] = this.header;
    this.header = [];
    this.rest = high * 256 + low;
    return this.rest - RECORD_OVERHEAD;
  }
}

const RECORD_HEADER = 5;
/** The tag, and one byte of type. */
const RECORD_OVERHEAD = 17;

/** Bytes that the answer to a GET has, head and body, by the head that a HEAD got. Throws when it is no success. */
export const answerLength = (begin: string): number | undefined => {
  const head = begin.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const length = /^content-length: *(\d+)\r$/im.exec(begin.slice(0, head + 2))?.[1];
  if (!/^HTTP\/1\.1 200 /.test(begin) || length === undefined) throw new Error(`answered ${begin.split('\r\n')[0]}`);
  return head + 4 + Number(length);
};
