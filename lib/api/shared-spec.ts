import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { toleration } from './common';
import type { SpecDoc, StatusDoc } from './field';
import { atomicList, field, oneOf, optional, passThrough, quantity, stringMap } from './field';

/**
 * Building blocks that more than one kind uses. Each is a function of the documentation of the field that it becomes,
 * because the same shape has another purpose, default and effect in each kind.
 */

/** An image with a version tag, a digest, or both: `registry/weka:4.4.10.200`, `registry/weka@sha256:…`. */
export const IMAGE_PATTERN = '^.+(:\\d+\\.\\d+\\.\\d+.*|@sha256:[0-9a-f]{64})$';

/** How WEKA cores become CPU requests and pinned cores. */
export const CPU_POLICIES = ['auto', 'shared', 'dedicated', 'dedicated_ht', 'manual'] as const;
export type CpuPolicy = (typeof CPU_POLICIES)[number];
/** spec.cpuPolicy. */
export const cpuPolicy = (doc: SpecDoc) => oneOf(CPU_POLICIES, field(doc));

/** How an image change reaches running client containers. */
export const UPGRADE_POLICIES = ['manual', 'rolling', 'all-at-once', 'all-at-once-force'] as const;
export type UpgradePolicyType = (typeof UPGRADE_POLICIES)[number];
/** An upgrade policy by name, where it isn't wrapped in an object. */
export const upgradePolicyType = (doc: SpecDoc) => oneOf(UPGRADE_POLICIES, field(doc));
/** spec.upgradePolicy. */
export const upgradePolicy = (doc: SpecDoc) =>
  Type.Object(
    {
      type: optional(
        upgradePolicyType({
          does:
            'rolling: one container after another; all-at-once: each as soon as its node has no active mounts; ' +
            'all-at-once-force: at once, mounts or not; manual: when its Pod is deleted by hand.',
          absent: 'rolling',
          change: 'live',
        }),
      ),
    },
    field(doc),
  );

/** spec.tracesConfiguration. */
export const tracesConfiguration = (doc: SpecDoc) =>
  Type.Object(
    {
      maxCapacityPerIoNode: optional(
        Type.Integer(field({ does: 'Most disk space for the traces of one I/O process.', unit: 'GB', absent: '10' })),
      ),
      ensureFreeSpace: optional(
        Type.Integer(field({ does: 'Disk space that traces leave free on the node.', unit: 'GB', absent: '20' })),
      ),
      dumperConfigMode: optional(
        oneOf(
          ['override', 'partial-override', 'auto', 'cluster'] as const,
          field({
            does: 'Who configures the trace dumper: this object wholly (override) or for its limits only (partial-override), the WEKA cluster (cluster), or what the version supports (auto).',
            absent: 'auto',
          }),
        ),
      ),
    },
    field(doc),
  );

const resourceList = (does: string, change: NonNullable<SpecDoc['change']>) =>
  Type.Object(
    {
      cpu: optional(
        quantity(
          field({
            does: 'CPU; used with cpuPolicy manual or shared.',
            unit: 'Kubernetes quantity of cores, as 500m or 2',
            absent: 'computed from the cores',
            change,
          }),
        ),
      ),
      memory: optional(
        quantity(
          field({
            does: 'Memory; used by clients.',
            unit: 'Kubernetes quantity of bytes, as 8Gi',
            absent: 'computed from cores, drives and additionalMemory',
            change,
          }),
        ),
      ),
    },
    field({ does, absent: 'computed', change }),
  );
/** spec.resources: requests and limits that replace the computed ones. */
export const podResources = (doc: SpecDoc) =>
  Type.Object(
    {
      requests: optional(resourceList('What the scheduler reserves.', doc.change ?? 'pod')),
      limits: optional(resourceList('What the kernel enforces.', doc.change ?? 'pod')),
    },
    field(doc),
  );

/** spec.globalPVC, spec.pvc: a claim instead of a directory of the node. */
export const pvcConfig = (doc: SpecDoc) =>
  Type.Object(
    {
      name: Type.String(field({ does: 'Name of the PersistentVolumeClaim in the same namespace.', change: 'newOnly' })),
      path: optional(
        Type.String(
          field({ does: 'Where it is mounted in the containers.', absent: '/opt/k8s-weka', change: 'newOnly' }),
        ),
      ),
    },
    field(doc),
  );

/** spec.failureDomain: which nodes are lost together. */
export const failureDomain = (doc: SpecDoc) =>
  Type.Object(
    {
      label: optional(
        Type.String(
          field({
            does: 'Node label; nodes with the same value are one failure domain. Ignored with compositeLabels.',
            absent: 'every node is its own failure domain',
            change: 'immutable',
          }),
        ),
      ),
      skew: optional(
        Type.Integer(
          field({
            does: 'How much the container counts of two failure domains may differ; used with label.',
            unit: 'containers',
            absent: '1',
            change: 'newOnly',
          }),
        ),
      ),
      compositeLabels: optional(
        atomicList(
          Type.String(),
          field({
            does: 'Node labels whose values together name the failure domain; spreading is then best effort.',
            absent: 'none',
            change: 'immutable',
          }),
        ),
      ),
    },
    field(doc),
  );

/** driveTypesRatio: how capacity splits into TLC and QLC. */
export const driveTypesRatio = (doc: SpecDoc) =>
  Type.Object(
    {
      tlc: optional(
        Type.Integer(
          field(
            {
              does: 'Share of TLC drives. QLC alone does not make a cluster, so it is at least 1.',
              unit: 'parts',
              absent: '0, which is refused',
              change: 'newOnly',
            },
            { minimum: 0 },
          ),
        ),
      ),
      qlc: optional(
        Type.Integer(
          field({ does: 'Share of QLC drives.', unit: 'parts', absent: '0', change: 'newOnly' }, { minimum: 0 }),
        ),
      ),
    },
    field(doc),
  );

/** csiConfig.advanced. */
export const csiAdvanced = (doc: SpecDoc) =>
  Type.Object(
    {
      enforceTrustedHttps: optional(
        Type.Boolean(
          field({
            does: 'Makes the CSI plugin verify the certificate of the WEKA API.',
            absent: 'false',
            change: 'rolls',
          }),
        ),
      ),
      nodeLabels: optional(
        stringMap(
          field({ does: 'Labels of the Pods of the CSI node plugin.', absent: 'the default labels', change: 'rolls' }),
        ),
      ),
      nodeTolerations: optional(
        atomicList(
          toleration,
          field({ does: 'Tolerations of the CSI node plugin.', absent: 'every taint is tolerated', change: 'rolls' }),
        ),
      ),
      controllerLabels: optional(
        stringMap(
          field({
            does: 'Labels of the Pods of the CSI controller, beside the default ones.',
            absent: 'none',
            change: 'rolls',
          }),
        ),
      ),
      controllerTolerations: optional(
        atomicList(toleration, field({ does: 'Tolerations of the CSI controller.', absent: 'none', change: 'rolls' })),
      ),
      skipGarbageCollection: optional(
        Type.Boolean(
          field({
            does: 'Keeps deleted volumes in the trash of their filesystem instead of clearing it.',
            absent: 'false',
            change: 'rolls',
          }),
        ),
      ),
    },
    field(doc),
  );

/** spec.portRange: where free ports are searched. */
export const portRange = (doc: SpecDoc) =>
  Type.Object(
    {
      basePort: optional(
        Type.Integer(
          field({ does: 'First port that is tried.', unit: 'port number', absent: '45000' }, { maximum: 65535 }),
        ),
      ),
      portRange: optional(
        Type.Integer(
          field({ does: 'How many ports are tried, from basePort on.', unit: 'ports', absent: '0, up to 65535' }),
        ),
      ),
    },
    field(doc),
  );

/** Another object by name, in any namespace. Empty strings count as absent: existing operators write them. */
export const objectReference = (doc: SpecDoc) =>
  Type.Object(
    {
      name: Type.String(field({ does: 'Name of the object; empty means no reference.', change: doc.change ?? 'pod' })),
      namespace: optional(
        Type.String(
          field({
            does: 'Namespace of the object.',
            absent: 'the namespace of this object',
            change: doc.change ?? 'pod',
          }),
        ),
      ),
    },
    field(doc),
  );
export type ObjectReference = Static<ReturnType<typeof objectReference>>;

/** Tolerations as key strings: each becomes an Exists toleration for NoExecute and one for NoSchedule. */
export const tolerationKeys = (doc: SpecDoc) => atomicList(Type.String(), field(doc));
/** Tolerations as Kubernetes writes them. */
export const rawTolerations = (doc: SpecDoc) => atomicList(toleration, field(doc));
/** A list of core numbers as the node's kernel counts them. */
export const coreIds = (doc: SpecDoc) => atomicList(Type.Integer(), field({ unit: 'core numbers', ...doc }));
/** Affinity as a Pod takes it. */
export const affinity = (doc: SpecDoc) => passThrough(field(doc));
/** Topology spread constraints as a Pod takes them. */
export const topologySpreadConstraints = (doc: SpecDoc) => atomicList(passThrough({}), field(doc));

/** A whole number in status. */
export const count = (doc: StatusDoc & { readonly unit: string }) => Type.Integer(field(doc, { format: 'int64' }));
/** active / created / desired of something. `what` is a plural: `drives`. */
export const entityCounters = (what: string) =>
  Type.Object(
    {
      active: optional(count({ says: `How many ${what} work.`, unit: what })),
      created: optional(count({ says: `How many ${what} exist.`, unit: what })),
      desired: optional(count({ says: `How many ${what} there should be.`, unit: what })),
    },
    field({ says: `Numbers of ${what}: working, existing, wanted.`, unit: what }),
  );
export type EntityCounters = Static<ReturnType<typeof entityCounters>>;

/** A cell of a printer column. */
export const cell = (says: string) => Type.String(field({ says }));

/** status.effective: the values in force, defaults filled in; its shape follows spec and is not part of the API. */
export const effective = optional(
  passThrough(
    field({
      says: 'The values in force: what spec says, with every default filled in. For reading only; spec itself is never rewritten.',
    }),
  ),
);
