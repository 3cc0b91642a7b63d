import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this package: package.json lies beside the bundle, one directory up from the source, two from the build. */
const read = (): string => {
  for (const up of ['.', '..', '../..']) {
    try {
      const found = JSON.parse(readFileSync(join(__dirname, up, 'package.json'), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === 'weka-operator' && found.version !== undefined) return found.version;
    } catch {
      continue;
    }
  }
  return 'unknown';
};

export const VERSION = read();
