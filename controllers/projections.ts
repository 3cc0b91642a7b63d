import { isJsonObject } from '../lib/base/json';
import type { LiveObject, ObjectMeta } from '../lib/base/kube-object';
import { FIELD_MANAGER } from '../lib/base/names';

/**
 * What caches keep of objects that others own and that come in thousands. Dropped: everything no reconciler reads,
 * above all the managedFields of other managers.
 */

const ownFields = (metadata: ObjectMeta): Pick<ObjectMeta, 'managedFields'> => {
  const managedFields = metadata.managedFields?.filter(({ manager }) => manager === FIELD_MANAGER) ?? [];
  return managedFields.length === 0 ? {} : { managedFields };
};

/** A Node: labels, schedulability, what the kubelet says of the machine, readiness. */
export const projectNode = (node: LiveObject): LiveObject => {
  const { name, uid, resourceVersion, labels } = node.metadata;
  const conditions = node.status?.['conditions'];
  return {
    apiVersion: node.apiVersion,
    kind: node.kind,
    metadata: { name, uid, resourceVersion, ...(labels === undefined ? {} : { labels }), ...ownFields(node.metadata) },
    spec: { unschedulable: node.spec?.['unschedulable'] },
    status: {
      nodeInfo: node.status?.['nodeInfo'],
      conditions: Array.isArray(conditions)
        ? conditions.flatMap((condition) =>
            isJsonObject(condition) && condition['type'] === 'Ready'
              ? [{ type: 'Ready', status: condition['status'] }]
              : [],
          )
        : [],
    },
  };
};
