import { objectSchema } from './crd';
import { fieldDocOf } from './field-doc';
import type { JsonSchema } from './json-schema';
import type { KindDefinition, PrinterColumn, Rule } from './kind';
import { GROUP, VERSION } from './kind';

/** A declared property with the path that users write. */
export interface DocumentedField {
  /** `spec.network.selectors[].subnet`. */
  readonly path: string;
  readonly schema: JsonSchema;
}

/** Every property below `schema`, in declared order, children after their parent. */
export const fieldsOf = (schema: JsonSchema, path: string): readonly DocumentedField[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
    { path: `${path}.${name}`, schema: child },
    ...below(child, `${path}.${name}`),
  ]);

const below = (schema: JsonSchema, path: string): readonly DocumentedField[] => [
  ...fieldsOf(schema, path),
  ...(schema.items === undefined ? [] : below(schema.items, `${path}[]`)),
  ...(typeof schema.additionalProperties === 'object' ? below(schema.additionalProperties, `${path}.*`) : []),
];

/** The type of a field in words: `list of strings`, `one of a, b`. */
export const typeText = (schema: JsonSchema): string => {
  if (schema['x-kubernetes-int-or-string'] === true) return 'quantity';
  if (schema.enum !== undefined) return `one of ${schema.enum.map((value) => `\`${String(value)}\``).join(', ')}`;
  if (schema.type === 'array') return listText(schema);
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'object, as Kubernetes takes it';
  if (schema.type === 'object')
    return typeof schema.additionalProperties === 'object'
      ? `map of ${typeText(schema.additionalProperties)}`
      : 'object';
  return schema.format === 'date-time' ? 'time' : (schema.type ?? 'any');
};

const listText = (schema: JsonSchema): string => {
  const keys = schema['x-kubernetes-list-map-keys'];
  return `list of ${typeText(schema.items ?? {})}${keys === undefined ? '' : `, by ${keys.join(', ')}`}`;
};

const BOUNDS = [
  ['minimum', 'at least'],
  ['maximum', 'at most'],
  ['minLength', 'characters, at least'],
  ['maxLength', 'characters, at most'],
  ['minItems', 'items, at least'],
  ['maxItems', 'items, at most'],
  ['pattern', 'form'],
] as const;
const boundsText = (schema: JsonSchema): string =>
  BOUNDS.flatMap(([key, words]) =>
    schema[key] === undefined ? [] : [`${words} ${key === 'pattern' ? `\`${schema[key]}\`` : String(schema[key])}`],
  ).join('; ');

const cellText = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
const row = (cells: readonly string[]): string => `| ${cells.map(cellText).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n');

const specRow = ({ path, schema }: DocumentedField): readonly string[] => {
  const doc = fieldDocOf(schema.description ?? '');
  const bounds = boundsText(schema);
  return [
    `\`${path}\``,
    `${typeText(schema)}${bounds === '' ? '' : ` (${bounds})`}`,
    doc.unit ?? '',
    doc.required ? '**required**' : (doc.absent ?? ''),
    doc.text,
    doc.change ?? '',
  ];
};

const statusRow = ({ path, schema }: DocumentedField): readonly string[] => {
  const doc = fieldDocOf(schema.description ?? '');
  return [`\`${path}\``, typeText(schema), doc.unit ?? '', doc.text];
};

const columnRow = ({ name, jsonPath, description, priority }: PrinterColumn): readonly string[] => [
  name.toUpperCase(),
  `\`${jsonPath}\``,
  priority === undefined || priority === 0 ? 'always' : '`-o wide`',
  description ?? '',
];

const ruleRow = ({ id, path, message, transition }: Rule): readonly string[] => [
  `\`${id}\``,
  `\`${path}\``,
  transition === true ? 'on change' : 'always',
  message,
];

const factsOf = (definition: KindDefinition): string =>
  table(
    ['apiVersion', 'kind', 'scope', 'short name', 'category'],
    [
      [
        `\`${GROUP}/${VERSION}\``,
        `\`${definition.kind}\``,
        definition.scope,
        definition.shortNames.map((name) => `\`${name}\``).join(', '),
        '`weka`',
      ],
    ],
  );

/** The reference page of a kind as Markdown: fields, rules, columns and `example`, a YAML document. Pure and deterministic. */
export const referencePage = (definition: KindDefinition, example: string): string => {
  const { spec, status } = objectSchema(definition).properties ?? {};
  const rules =
    definition.rules.length === 0
      ? 'None.'
      : table(['Rule', 'At', 'Checked', 'What must hold'], definition.rules.map(ruleRow));
  return [
    '<!-- Generated from lib/api by `npm run docs`; do not edit. -->',
    `# ${definition.kind}`,
    definition.description,
    factsOf(definition),
    '## Example',
    `\`\`\`yaml\n${example.trim()}\n\`\`\``,
    '## spec',
    table(
      ['Field', 'Type', 'Unit', 'Default', 'What it does', 'When it changes'],
      fieldsOf(spec ?? {}, 'spec').map(specRow),
    ),
    '## status',
    'Written by the operator alone.',
    table(['Field', 'Type', 'Unit', 'What it says'], fieldsOf(status ?? {}, 'status').map(statusRow)),
    '## Rules across fields',
    rules,
    '## Columns of kubectl get',
    table(['Column', 'From', 'Shown', 'What it shows'], definition.printerColumns.map(columnRow)),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
};
