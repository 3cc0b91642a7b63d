import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { field, listMap, optional, time } from './field';

/** A condition as Kubernetes defines it, with nothing required: a partial status patch must pass. */
export const condition = Type.Object(
  {
    type: Type.String(field({ says: 'Name of the condition, CamelCase.' })),
    status: optional(Type.String(field({ says: 'True, False or Unknown.' }, { enum: ['True', 'False', 'Unknown'] }))),
    reason: optional(Type.String(field({ says: 'Why, as one CamelCase word; part of the API.' }))),
    message: optional(Type.String(field({ says: 'Why, as a sentence that names what to do.' }))),
    lastTransitionTime: optional(time(field({ says: 'When status last changed.' }))),
    observedGeneration: optional(
      Type.Integer(field({ says: 'The metadata.generation that this verdict is about.', unit: 'generation number' })),
    ),
  },
  { description: 'One aspect of the current state.' },
);
export type Condition = Static<typeof condition>;

/** status.conditions: merged by type, so that several managers can own one each. */
export const conditions = optional(
  listMap(
    condition,
    ['type'],
    field({ says: 'Current state by aspect. Ready is always present; Reconciling and Stalled only while true.' }),
  ),
);

/** status fields that every kind has. */
export const commonStatus = {
  observedGeneration: optional(
    Type.Integer(field({ says: 'The metadata.generation that this status is about.', unit: 'generation number' })),
  ),
  conditions,
  reconcileRequestedAt: optional(
    Type.String(field({ says: 'The value of the annotation weka.io/reconcile-requested-at that was last answered.' })),
  ),
};

/** A toleration as Kubernetes defines it. */
export const toleration = Type.Object(
  {
    key: optional(
      Type.String(
        field({
          does: 'Taint key it applies to; empty with operator Exists tolerates every key.',
          absent: 'every key',
        }),
      ),
    ),
    operator: optional(Type.String(field({ does: 'How key and value relate: Exists or Equal.', absent: 'Equal' }))),
    value: optional(Type.String(field({ does: 'Taint value it matches; empty with Exists.', absent: 'empty' }))),
    effect: optional(
      Type.String(
        field({ does: 'Taint effect it matches: NoSchedule, PreferNoSchedule or NoExecute.', absent: 'all effects' }),
      ),
    ),
    tolerationSeconds: optional(
      Type.Integer(
        field(
          { does: 'How long a NoExecute taint is tolerated.', unit: 'seconds', absent: 'for ever' },
          { format: 'int64' },
        ),
      ),
    ),
  },
  { description: 'Lets the Pod run on nodes with a matching taint.' },
);
export type Toleration = Static<typeof toleration>;
