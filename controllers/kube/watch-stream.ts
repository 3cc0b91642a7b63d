import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import { apiError } from './api-error';
import type { ApiError } from './api-error';
import type { WatchEvent } from './cluster-client';
import type { CallSubject } from './failure';
import { failureOfStatus } from './failure';
import { JsonLines, MalformedLine } from './json-lines';

/** The bytes of one watch as events. What it throws is what the watch rejects with. */
export class WatchStream {
  private readonly lines: JsonLines;

  constructor(
    private readonly subject: CallSubject,
    onEvent: (event: WatchEvent) => void,
  ) {
    this.lines = new JsonLines((line) => {
      const event = eventOf(line, this.subject);
      if (event !== undefined) onEvent(event);
    });
  }

  /** Takes the next bytes. Throws an ApiError for an ERROR event and for what is no event, and what `onEvent` throws. */
  push(chunk: Buffer): void {
    try {
      this.lines.push(chunk);
    } catch (thrown) {
      throw thrown instanceof MalformedLine ? broken(this.subject, thrown.message) : thrown;
    }
  }

  /** The server ended the stream. Throws an ApiError when that was in the middle of an event. */
  end(server: string): void {
    if (this.lines.incomplete) throw broken({ ...this.subject, server }, 'the stream ended in the middle of an event');
  }
}

const broken = (subject: CallSubject & { server?: string }, message: string): ApiError =>
  apiError({ status: 0, reason: undefined, message }, subject);

const eventOf = (line: JsonObject, subject: CallSubject): WatchEvent | undefined => {
  const { type, object } = line;
  if (!isJsonObject(object)) throw broken(subject, 'an event of the stream has no object');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: object as unknown as LiveObject };
    case 'BOOKMARK':
      return bookmarkOf(object);
    case 'ERROR':
      throw apiError(failureOfStatus(object), subject);
    default:
      // A newer server may tell more than we know; what we know is still complete.
      return undefined;
  }
};

const bookmarkOf = ({ metadata }: JsonObject): WatchEvent | undefined =>
  isJsonObject(metadata) && typeof metadata.resourceVersion === 'string'
    ? { type: 'BOOKMARK', resourceVersion: metadata.resourceVersion }
    : undefined;
