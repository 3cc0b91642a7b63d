import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';

const NEWLINE = 0x0a;

/** A line that isn't a JSON object. */
export class MalformedLine extends Error {}

/**
 * Cuts a stream of bytes into lines of JSON. Bytes are joined before they are decoded, so a chunk may end anywhere,
 * also within a character.
 */
export class JsonLines {
  private rest: Buffer[] = [];

  /** `onObject` is called once a line, in order. */
  constructor(private readonly onObject: (object: JsonObject) => void) {}

  /** Takes the next bytes. Throws MalformedLine, and whatever `onObject` throws. */
  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.lineOf(chunk, start, end);
      start = end + 1;
      if (line.length > 0) this.onObject(parse(line));
    }
    // A copy: the chunk may be a slice of a large pool that a waiting half line would keep alive.
    if (start < chunk.length) this.rest.push(Buffer.from(chunk.subarray(start)));
  }

  /** Most lines lie whole in a chunk, and need no copy of their bytes. */
  private lineOf(chunk: Buffer, start: number, end: number): string {
    if (this.rest.length === 0) return chunk.toString('utf8', start, end);
    const line = Buffer.concat([...this.rest, chunk.subarray(start, end)]);
    this.rest = [];
    return line.toString('utf8');
  }

  /** Whether the bytes so far end within a line. */
  get incomplete(): boolean {
    return this.rest.length > 0;
  }
}

const parse = (line: string): JsonObject => {
  let value: JsonValue;
  try {
    value = JSON.parse(line) as JsonValue;
  } catch (thrown) {
    throw new MalformedLine('a line of the stream is not JSON', { cause: thrown });
  }
  if (!isJsonObject(value)) throw new MalformedLine('a line of the stream is not a JSON object');
  return value;
};
