import type { JsonObject } from '../../base/json';
import { isJsonObject } from '../../base/json';
import { valueAt } from './path';
import type { LintRule, RuleFinding } from './rule';
import { kindOf, nameOf, textAt, when } from './rule';

/** Which payload a type or action reads. */
const PAYLOAD: Readonly<Record<string, string>> = {
  'sign-drives': 'signDrivesPayload',
  'discover-drives': 'discoverDrivesPayload',
  'block-drives': 'blockDrivesPayload',
  'unblock-drives': 'blockDrivesPayload',
  'force-resign-drives': 'forceResignDrivesPayload',
  'ensure-nics': 'ensureNICsPayload',
  'enable-local-drivers-distribution': 'driverDistPayload',
  'remote-traces-session': 'remoteTracesSessionPayload',
};

const selectorOf = (object: JsonObject): string => (kindOf(object) === 'WekaPolicy' ? 'type' : 'action');
const wantedPayload = (object: JsonObject): string | undefined =>
  PAYLOAD[textAt(object, ['spec', selectorOf(object)]) ?? ''];

const checkPayload = (object: JsonObject): readonly RuleFinding[] => {
  const wanted = wantedPayload(object);
  return when(wanted !== undefined && valueAt(object, ['spec', 'payload', wanted]) === undefined, () => ({
    path: ['spec', 'payload', wanted ?? ''],
    message: `${selectorOf(object)} ${textAt(object, ['spec', selectorOf(object)])} needs spec.payload.${wanted}.`,
    remedy: `Write spec.payload.${wanted}; its fields are on the reference page of ${kindOf(object)}.`,
  }));
};

const checkOtherPayload = (object: JsonObject): readonly RuleFinding[] => {
  const wanted = wantedPayload(object);
  const payload = valueAt(object, ['spec', 'payload']);
  if (wanted === undefined || !isJsonObject(payload)) return [];
  return Object.keys(payload)
    .filter((key) => key.endsWith('Payload') && key !== wanted && Object.values(PAYLOAD).includes(key))
    .map((key) => ({
      path: ['spec', 'payload', key],
      message: `${key} is not read by ${selectorOf(object)} ${textAt(object, ['spec', selectorOf(object)])}.`,
      remedy: `Move its fields to ${wanted}, or change spec.${selectorOf(object)}.`,
    }));
};

const BUILDER_MODES = ['drivers-builder', 'dist', 'drivers-dist'];

const checkBuilderMode = (object: JsonObject): readonly RuleFinding[] => {
  const mode = textAt(object, ['spec', 'mode']) ?? '';
  return when(/builder/i.test(nameOf(object)) && !BUILDER_MODES.includes(mode), () => ({
    path: ['spec', 'mode'],
    message: `"${nameOf(object)}" is called a builder, but mode ${mode || '(none)'} does not build.`,
    remedy:
      'Write mode: drivers-builder with spec.uploadResultsTo, or let a WekaPolicy of type enable-local-drivers-distribution make the builders.',
  }));
};

const checkUpload = (object: JsonObject): readonly RuleFinding[] => {
  const mode = textAt(object, ['spec', 'mode']);
  const builds = mode === 'drivers-builder' || (mode === 'drivers-loader' && /builder/i.test(nameOf(object)));
  const target = textAt(object, ['spec', 'uploadResultsTo']) ?? '';
  return when(builds && target === '', () => ({
    path: ['spec', 'uploadResultsTo'],
    message: 'The builder does not say where its drivers go.',
    remedy: 'Set spec.uploadResultsTo to the name of the WekaContainer with mode drivers-dist in the same namespace.',
  }));
};

/** Rules about operations, policies and driver containers. */
export const driverRules: readonly LintRule[] = [
  {
    id: 'payload-missing',
    severity: 'error',
    kinds: ['WekaPolicy', 'WekaManualOperation'],
    finds: 'A policy or operation without the payload that its type or action reads.',
    why: 'It has nothing to work on; one published revision shows a policy without a payload.',
    check: checkPayload,
  },
  {
    id: 'payload-unused',
    severity: 'warning',
    kinds: ['WekaPolicy', 'WekaManualOperation'],
    finds: 'A payload that belongs to another type or action.',
    why: 'Its fields are not read.',
    check: checkOtherPayload,
  },
  {
    id: 'builder-mode',
    severity: 'warning',
    kinds: ['WekaContainer'],
    finds: 'A WekaContainer called builder whose mode is not drivers-builder.',
    why: 'A published page gives the builder the mode drivers-loader: nothing is ever built.',
    check: checkBuilderMode,
  },
  {
    id: 'builder-without-upload',
    severity: 'warning',
    kinds: ['WekaContainer'],
    finds: 'A driver builder without uploadResultsTo.',
    why: 'What it builds stays in its Pod.',
    check: checkUpload,
  },
];
