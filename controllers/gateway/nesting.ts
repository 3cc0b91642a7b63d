const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** `[` and `{`. */
const OPENS = [0x5b, 0x7b];
/** `]` and `}`. */
const CLOSES = [0x5d, 0x7d];

/**
 * How deep the brackets of a JSON text nest: whoever walks a value recursively must know before. Brackets in strings don't
 * count. Pure.
 */
export const nestingOf = (text: string): number => {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (quoted) at += Number(code === BACKSLASH);
    else if (OPENS.includes(code)) deepest = Math.max(deepest, ++depth);
    else if (CLOSES.includes(code)) depth -= 1;
  }
  return deepest;
};
