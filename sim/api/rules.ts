/** The CEL rules of our kinds, judged by their twins. */
import type { StatusCause } from '../../controllers/kube/api-error';
import type { Rule } from '../../lib/api/kind';
import type { JsonObject } from '../../lib/base/json';
import { isJsonObject } from '../../lib/base/json';

interface Place {
  readonly path: string;
  readonly self: JsonObject;
  readonly oldSelf: JsonObject | undefined;
}

/** Rules that `next` breaks. `previous`: the stored object; transition rules are judged only where both exist. */
export const ruleCauses = (next: JsonObject, previous: JsonObject | undefined, rules: readonly Rule[]): StatusCause[] =>
  rules.flatMap((rule) => {
    const start: Place[] = [{ path: '', self: next, oldSelf: previous }];
    const places = rule.path === '' ? start : rule.path.split('.').reduce(descend, start);
    return places
      .filter((place) => rule.transition !== true || place.oldSelf !== undefined)
      .filter((place) => !rule.holds(place.self, place.oldSelf))
      .map((place) => brokenRule(place.path, rule));
  });

const brokenRule = (path: string, rule: Rule): StatusCause => ({
  field: path,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${rule.message}`,
});

const descend = (places: Place[], step: string): Place[] => {
  const list = step.endsWith('[]');
  const name = list ? step.slice(0, -2) : step;
  return places.flatMap((place) => {
    const path = place.path === '' ? name : `${place.path}.${name}`;
    const value = place.self[name];
    const old = place.oldSelf?.[name];
    if (list) return items(path, value, old);
    return isJsonObject(value) ? [{ path, self: value, oldSelf: isJsonObject(old) ? old : undefined }] : [];
  });
};

/** Items of atomic lists have no old self in CEL; neither have they here. */
const items = (path: string, value: unknown, _old: unknown): Place[] =>
  Array.isArray(value)
    ? value.flatMap((item, index) =>
        isJsonObject(item) ? [{ path: `${path}[${index}]`, self: item, oldSelf: undefined }] : [],
      )
    : [];
