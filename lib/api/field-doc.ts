import { CHANGE } from './field';

/** What `describe` put together, taken apart again. */
export interface FieldDoc {
  /** What the field does or says. */
  readonly text: string;
  readonly unit?: string;
  /** The effective value when absent; undefined for status fields. */
  readonly absent?: string;
  readonly required: boolean;
  /** What changing it does; undefined for status fields. */
  readonly change?: string;
}

const cut = (text: string, mark: string): readonly [string, string | undefined] => {
  const at = text.lastIndexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length).replace(/\.$/, '')];
};

/** The parts of a field's description: text, unit, default and what changing it does. The reverse of `describe`. */
export const fieldDocOf = (description: string): FieldDoc => {
  const change = Object.values(CHANGE).find((sentence) => description.endsWith(` ${sentence}`));
  const body = change === undefined ? description : description.slice(0, -change.length - 1);
  const required = body.endsWith(' Required.');
  const [beforeDefault, absent] = required
    ? [body.slice(0, -' Required.'.length), undefined]
    : change === undefined
      ? [body, undefined]
      : cut(body, ' Default: ');
  const [text, unit] = cut(beforeDefault, ' Unit: ');
  return {
    text,
    ...(unit === undefined ? {} : { unit }),
    ...(absent === undefined ? {} : { absent }),
    required,
    ...(change === undefined ? {} : { change }),
  };
};
