import { stringify } from 'yaml';
import { crdOf } from '../../lib/api/crd';
import { GROUP } from '../../lib/api/kind';
import { KINDS } from '../../lib/api/kinds';
import { lintPage } from '../../lib/api/lint/page';
import { referencePage } from '../../lib/api/reference-page';
import { errorsPage } from '../../lib/base/errors-page';
import { EXAMPLES } from './examples';

/** A file that is generated: its path from the top of the checkout, and its bytes. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

const HEADER = '# Generated from lib/api by `npm run generate`; do not edit.\n';

/** crds/: one CustomResourceDefinition a file. */
export const crdFiles = (): readonly GeneratedFile[] =>
  KINDS.map((definition) => ({
    path: `crds/${GROUP}_${definition.plural}.yaml`,
    content: HEADER + stringify(crdOf(definition), { lineWidth: 0, aliasDuplicateObjects: false }),
  }));

/** docs/reference/, docs/errors.md and docs/lint.md. */
export const docFiles = (): readonly GeneratedFile[] => [
  ...KINDS.map((definition) => ({
    path: `docs/reference/${definition.kind.toLowerCase()}.md`,
    content: referencePage(definition, EXAMPLES[definition.kind] ?? ''),
  })),
  { path: 'docs/errors.md', content: errorsPage() },
  { path: 'docs/lint.md', content: lintPage() },
];
