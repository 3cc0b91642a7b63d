/** Longer lists are left to the engine's own sort. */
const SHORT = 24;

/**
 * `texts` in the order of UTF-16 code units, sorted in place. Keys of objects are few and often in order already: then
 * this costs a look at each, where the engine's sort copies the list.
 */
export const sorted = (texts: string[]): string[] => {
  if (texts.length > SHORT) return texts.sort();
  for (let end = 1; end < texts.length; end++) {
    const text = texts[end] as string;
    let at = end;
    for (; at > 0 && (texts[at - 1] as string) > text; at--) texts[at] = texts[at - 1] as string;
    texts[at] = text;
  }
  return texts;
};
