import type { JsonObject, JsonValue } from '../../lib/base/json';

/** `conditions` with one set; the transition time moves only when its status does. */
export const setCondition = (
  conditions: JsonValue | undefined,
  wanted: JsonObject & { readonly type: string; readonly status: string },
  time: string,
): JsonObject[] => {
  const list = Array.isArray(conditions) ? (conditions as JsonObject[]) : [];
  const old = list.find((each) => each.type === wanted.type);
  const lastTransitionTime = old?.status === wanted.status ? (old.lastTransitionTime ?? time) : time;
  const next = { ...wanted, lastTransitionTime };
  return old === undefined ? [...list, next] : list.map((each) => (each === old ? next : each));
};
