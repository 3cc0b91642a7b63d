import type { PrinterColumn } from '../../lib/api/kind';
import { KINDS } from '../../lib/api/kinds';
import { isJsonObject } from '../../lib/base/json';
import type { KubeObject } from '../../lib/base/kube-object';
import { renderTable } from '../render-table';

interface Column {
  readonly name: string;
  readonly value: (object: KubeObject) => string;
}

/** `kubectl get <kind> -A` of these objects, which are all of one kind. `now`: milliseconds since the epoch. Pure. */
export const kubectlTable = (objects: readonly KubeObject[], now: number): string => {
  const [first] = objects;
  if (first === undefined) return '';
  const namespaced = objects.some(({ metadata }) => metadata.namespace !== undefined);
  const columns: Column[] = [
    ...(namespaced ? [{ name: 'NAMESPACE', value: ({ metadata }: KubeObject) => metadata.namespace ?? '' }] : []),
    { name: 'NAME', value: ({ metadata }) => metadata.name },
    ...columnsOf(first.kind, now),
  ];
  return renderTable(columns, objects);
};

const columnsOf = (kind: string, now: number): Column[] => {
  const ours = KINDS.find((definition) => definition.kind === kind);
  if (ours !== undefined)
    return ours.printerColumns.filter(({ priority }) => (priority ?? 0) === 0).map((column) => printed(column, now));
  return BUILT_IN[kind] ?? [];
};

const printed = ({ name, jsonPath, type }: PrinterColumn, now: number): Column => ({
  name: name.toUpperCase(),
  value: (object) => {
    const value = at(object, jsonPath);
    return type === 'date' && value !== '' ? age(value, now) : value;
  },
});

/** The few forms of JSONPath that our columns use: `.a.b`, `.a[?(@.type=="X")].b`. */
const at = (object: KubeObject, path: string): string => {
  const steps = path.match(/\[\?\(@\.\w+=="[^"]*"\)\]|[^.[\]]+/g) ?? [];
  const value = steps.reduce<unknown>((from, step) => {
    const filter = /^\[\?\(@\.(\w+)=="([^"]*)"\)\]$/.exec(step);
    if (filter !== null)
      return Array.isArray(from)
        ? from.find((item) => isJsonObject(item) && item[filter[1] ?? ''] === filter[2])
        : undefined;
    return isJsonObject(from) ? from[step] : undefined;
  }, object);
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
};

/** As kubectl shortens it: 45s, 12m, 5h, 3d. */
const age = (time: string, now: number): string => {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
};

const BUILT_IN: Readonly<Record<string, Column[]>> = {
  Pod: [
    { name: 'STATUS', value: (pod) => at(pod, '.status.phase') },
    { name: 'READY', value: (pod) => at(pod, '.status.conditions[?(@.type=="Ready")].status') },
    { name: 'NODE', value: (pod) => at(pod, '.spec.nodeName') },
  ],
  Service: [
    { name: 'TYPE', value: (service) => at(service, '.spec.type') },
    { name: 'CLUSTER-IP', value: (service) => at(service, '.spec.clusterIP') },
  ],
};
