/** How results are written: `-o`. In a file of its own so that help needs no YAML library. */
export const FORMATS = ['table', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];
