import { stringify } from 'yaml';
import type { Format } from './output-formats';
import type { Terminal } from './terminal';

/** `value` as JSON with two spaces, or as YAML; both end in a newline. */
export const render = (value: unknown, format: 'json' | 'yaml'): string =>
  format === 'json'
    ? `${JSON.stringify(value, null, 2)}\n`
    : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** Writes `value` in `format`; a table is made by `table` only when it is asked for. */
export const print = (terminal: Terminal, format: Format, value: unknown, table: () => string): void => {
  terminal.out(format === 'table' ? table() : render(value, format));
};
