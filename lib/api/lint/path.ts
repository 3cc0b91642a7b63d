/** Where in a document: keys and list indices from the root. */
export type Path = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

/** `spec.network.deviceSubnets[0]`; a key with dots or slashes is quoted: `spec.nodeSelector["weka.io/role"]`. */
export const pathText = (path: Path): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!PLAIN_KEY.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');

/** The reverse of pathText; reads JSON pointers (`/spec/image`) too. */
export const parsePath = (text: string): Path => {
  if (text.startsWith('/')) return text.slice(1).split('/').map(pointerPart);
  const parts: (string | number)[] = [];
  for (const match of text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\[([^\]]+)\]|([^.[\]]+)/g)) {
    const [, index, quoted, bare, plain] = match;
    if (index !== undefined) parts.push(Number(index));
    else if (quoted !== undefined) parts.push(JSON.parse(quoted) as string);
    else parts.push(bare ?? plain ?? '');
  }
  return parts;
};

const pointerPart = (part: string): string | number => {
  const text = part.replaceAll('~1', '/').replaceAll('~0', '~');
  return /^\d+$/.test(text) ? Number(text) : text;
};

/** The value at `path`; undefined when something on the way is missing. */
export const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[part] : undefined,
    root,
  );

/** Every scalar below `root` with its path, in document order. */
export function* scalars(
  root: unknown,
  path: Path = [],
): Generator<{ readonly path: Path; readonly value: string | number | boolean }> {
  if (typeof root === 'string' || typeof root === 'number' || typeof root === 'boolean') yield { path, value: root };
  else if (Array.isArray(root)) for (const [index, item] of root.entries()) yield* scalars(item, [...path, index]);
  else if (typeof root === 'object' && root !== null)
    for (const [key, item] of Object.entries(root)) yield* scalars(item, [...path, key]);
}

/** Every list below `root` with its path. */
export function* lists(
  root: unknown,
  path: Path = [],
): Generator<{ readonly path: Path; readonly items: readonly unknown[] }> {
  if (typeof root !== 'object' || root === null) return;
  if (Array.isArray(root)) yield { path, items: root };
  for (const [key, item] of Array.isArray(root) ? root.entries() : Object.entries(root))
    yield* lists(item, [...path, key]);
}

/** The path of every key below `root` (of objects only), in document order. */
export function* keys(root: unknown, path: Path = []): Generator<Path> {
  if (typeof root !== 'object' || root === null) return;
  if (Array.isArray(root)) for (const [index, item] of root.entries()) yield* keys(item, [...path, index]);
  else
    for (const [key, item] of Object.entries(root)) {
      yield [...path, key];
      yield* keys(item, [...path, key]);
    }
}
