/** Fault plans as files have them: read with every mistake named, and printed so that reading gives the same plan. */
import { closest } from '../../lib/api/lint/closest';
import { parseDuration } from '../../lib/base/duration';
import type { JsonObject, JsonValue } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';
import type { Fault, FaultField, FaultName, FaultPlan } from './plan';
import { FAULTS } from './plan';

/** The plan, or what is wrong with it: each a sentence that names the place. */
export type ReadPlan =
  | { readonly plan: FaultPlan; readonly problems?: undefined }
  | { readonly problems: readonly string[]; readonly plan?: undefined };

interface Read {
  readonly value?: JsonValue;
  readonly problem?: string;
}

/** A plan from parsed YAML or JSON: `faults: [{fault: crash, write: 3}, …]`. Pure. */
export const readPlan = (document: unknown): ReadPlan => {
  if (!isJsonObject(document) || !Array.isArray(document['faults']))
    return { problems: ['A fault plan is an object with a list `faults`.'] };
  const strange = Object.keys(document).filter((key) => key !== 'faults');
  const read = document['faults'].map((entry, index) => readFault(entry, `faults[${index}]`));
  const problems = [
    ...strange.map((key) => `${key} is no field of a fault plan: it has only faults.`),
    ...read.flatMap((each) => each.problems),
  ];
  if (problems.length > 0) return { problems };
  return { plan: { faults: read.flatMap(({ fault }) => (fault === undefined ? [] : [fault])) } };
};

const readFault = (entry: unknown, place: string): { readonly fault?: Fault; readonly problems: readonly string[] } => {
  if (!isJsonObject(entry)) return { problems: [`${place} is not an object.`] };
  const { fault: name, ...given } = entry;
  if (typeof name !== 'string' || !(name in FAULTS)) return { problems: [unknownFault(name, place)] };
  const fields: Readonly<Record<string, FaultField>> = FAULTS[name as FaultName].fields;
  const problems = Object.keys(given)
    .filter((key) => !(key in fields))
    .map((key) => `${place}.${key} is no field of ${name}.${suggestion(key, Object.keys(fields))}`);
  const fault: JsonObject = { fault: name };
  for (const [key, field] of Object.entries(fields)) {
    const { value, problem } = given[key] === undefined ? absent(field) : READERS[field.type](given[key], field);
    if (problem !== undefined) problems.push(`${place}.${key} ${problem}.`);
    else fault[key] = value;
  }
  return problems.length > 0 ? { problems } : { fault: fault as unknown as Fault, problems };
};

const unknownFault = (name: unknown, place: string): string => {
  const known = Object.keys(FAULTS);
  if (typeof name !== 'string') return `${place}.fault is missing: one of ${known.join(', ')}.`;
  return `${place}.fault: there is no fault ${JSON.stringify(name)}.${suggestion(name, known) || ` There are ${known.join(', ')}.`}`;
};

const suggestion = (name: string, known: readonly string[]): string => {
  const near = closest(name, [...known]);
  return near === undefined ? '' : ` Write ${near} if that is meant.`;
};

const absent = (field: FaultField): Read =>
  field.absent === undefined ? { problem: `is missing: ${field.says}` } : { value: field.absent };

type Reader = (given: JsonValue | undefined, field: FaultField) => Read;

const bounded = (value: number, field: FaultField, text: (value: number) => string): Read => {
  if (!('from' in field) || (value >= field.from && value <= field.to)) return { value };
  return { problem: `is ${text(value)}; it must be from ${text(field.from)} to ${text(field.to)}` };
};

const READERS: Readonly<Record<FaultField['type'], Reader>> = {
  duration: (given, field) => {
    const text = typeof given === 'string' ? given : '';
    const [sign, rest] = text.startsWith('-') ? [-1, text.slice(1)] : [1, text];
    const ms = typeof given === 'string' ? parseDuration(rest) : undefined;
    if (ms === undefined) return { problem: `is ${JSON.stringify(given)}; write a duration such as 30s or 1m30s` };
    return bounded(sign * Math.round(ms), field, durationText);
  },
  count: (given, field) =>
    Number.isInteger(given)
      ? bounded(Number(given), field, String)
      : { problem: `is ${JSON.stringify(given)}; it must be a whole number` },
  share: (given) =>
    typeof given === 'number' && given >= 0 && given <= 1
      ? { value: given }
      : { problem: `is ${JSON.stringify(given)}; it must be a number from 0 to 1` },
  text: (given) =>
    typeof given === 'string' && given !== ''
      ? { value: given }
      : { problem: `is ${JSON.stringify(given)}; it must be a text` },
  choice: (given, field) => {
    const words = field.type === 'choice' ? field.of : [];
    return typeof given === 'string' && words.includes(given)
      ? { value: given }
      : { problem: `is ${JSON.stringify(given)}; it must be one of ${words.join(', ')}` };
  },
};

/** Milliseconds as a duration: `1m30s`, `250ms`, `-5s`, `0`. */
export const durationText = (ms: number): string => {
  if (ms < 0) return `-${durationText(-ms)}`;
  if (ms === 0) return '0';
  const parts = [
    [Math.floor(ms / 3_600_000), 'h'],
    [Math.floor(ms / 60_000) % 60, 'm'],
    [Math.floor(ms / 1000) % 60, 's'],
    [ms % 1000, 'ms'],
  ] as const;
  return parts.map(([amount, unit]) => (amount === 0 ? '' : `${amount}${unit}`)).join('');
};

/** The plan as a file has it: without fields that are as they would be anyway. Pure. */
export const planDocument = (plan: FaultPlan): JsonObject => ({ faults: plan.faults.map(faultDocument) });

const faultDocument = (fault: Fault): JsonObject => {
  const fields: Readonly<Record<string, FaultField>> = FAULTS[fault.fault].fields;
  const values = fault as unknown as JsonObject;
  const written = Object.entries(fields).flatMap(([key, field]) => {
    const value = values[key] as JsonValue;
    if (value === field.absent) return [];
    return [[key, field.type === 'duration' ? durationText(Number(value)) : value] as const];
  });
  return { fault: fault.fault, ...Object.fromEntries(written) };
};

/** One fault in a line: `crash write=3 when=before`. Pure. */
export const faultText = (fault: Fault): string => {
  const { fault: _, ...fields } = faultDocument(fault);
  return [fault.fault, ...Object.entries(fields).map(([key, value]) => `${key}=${wordOf(value)}`)].join(' ');
};

const wordOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value));
