import { Type } from '@sinclair/typebox';
import type { JsonObject } from '../base/json';
import { LABEL } from '../base/names';
import { atomicList, duration, field, oneOf, optional, quantity, stringMap } from './field';
import type { Rule } from './kind';

/** Where driver packages come from. */
export const DRIVER_SOURCES = ['Local', 'RegistryThenLocal', 'Registry'] as const;

/** A list of strings, replaced whole. */
export const strings = (does: string, absent: string) =>
  optional(atomicList(Type.String({ description: 'One entry of the list.' }), field({ does, absent, change: 'live' })));

const distStorage = Type.Object(
  {
    size: optional(
      quantity(
        field({
          does: 'Size of the volume claim that the operator makes for the packages.',
          unit: 'quantity (20Gi)',
          absent: '20Gi when storageClassName is given',
          change: 'newOnly',
        }),
      ),
    ),
    storageClassName: optional(
      Type.String(
        field({
          does: 'Storage class of the volume claim that the operator makes; naming one asks for a claim.',
          absent: 'the default class when size is given',
          change: 'newOnly',
        }),
      ),
    ),
    claimName: optional(
      Type.String(
        field({
          does: 'An existing volume claim in the namespace of this object to keep the packages in.',
          absent: 'none',
          change: 'rolls',
        }),
      ),
    ),
    hostPath: optional(
      Type.String(
        field(
          {
            does: 'Absolute directory on the node of the distribution service to keep the packages in.',
            absent: 'a directory under the WEKA directory of that node',
            change: 'rolls',
          },
          { pattern: '^/' },
        ),
      ),
    ),
  },
  field({
    does: 'Where the distribution service keeps packages: a claim to make, a claim that exists, or a directory of its node.',
    absent: 'a directory under the WEKA directory of the node it first runs on',
    change: 'rolls',
  }),
);

/** spec.payload.driverDistPayload of a WekaPolicy: drivers built and distributed inside the cluster. */
export const driverDistPayload = optional(
  Type.Object(
    {
      ensureImages: strings(
        'WEKA images whose drivers are built before anything asks for them.',
        'only the images that clusters and clients use',
      ),
      nodeSelectors: optional(
        atomicList(
          stringMap({ description: 'Labels a node must carry, all of them.' }),
          field({
            does: 'Nodes that drivers are built for and on: those that match any of these selectors.',
            absent: 'all nodes',
            change: 'live',
          }),
        ),
      ),
      kernelLabelKey: optional(
        Type.String(
          field(
            { does: 'Node label that the operator keeps the kernel release in.', absent: LABEL.kernel, change: 'live' },
            { default: LABEL.kernel },
          ),
        ),
      ),
      architectureLabelKey: optional(
        Type.String(
          field(
            {
              does: 'Node label that the operator keeps the architecture in.',
              absent: LABEL.architecture,
              change: 'live',
            },
            { default: LABEL.architecture },
          ),
        ),
      ),
      osLabelKey: optional(
        Type.String(field({ does: 'Accepted for older documents and not used.', absent: 'none', change: 'nothing' })),
      ),
      builderImageOverride: optional(
        Type.String(
          field({
            does: 'Image of the builders in place of the WEKA image a driver is built for.',
            absent: 'the WEKA image itself',
            change: 'newOnly',
          }),
        ),
      ),
      builderPreRunScript: optional(
        Type.String(
          field({
            does: 'Shell script that each builder runs as root after it has checked the kernel and before it builds, for instance to install a compiler.',
            absent: 'none',
            change: 'newOnly',
          }),
        ),
      ),
      distNodeSelector: optional(
        stringMap(
          field({
            does: 'Labels of the nodes that the distribution service may run on.',
            absent: 'any node',
            change: 'rolls',
          }),
        ),
      ),
      extraBuildArgs: optional(
        atomicList(
          Type.String({ description: 'One argument, passed as it is.' }),
          field({
            does: 'Arguments added to the build command, one entry an argument; no shell reads them.',
            absent: 'none',
            change: 'newOnly',
          }),
        ),
      ),
      buildTimeout: optional(
        duration(
          field({
            does: 'How long one build may take before it counts as failed.',
            unit: 'duration (30m, 1h)',
            absent: '30m',
            change: 'newOnly',
          }),
        ),
      ),
      source: optional(
        oneOf(
          DRIVER_SOURCES,
          field(
            {
              does: 'Where packages come from: Local builds them in this cluster, RegistryThenLocal asks the registry first and builds what it lacks, Registry never builds.',
              absent: 'Local',
              change: 'live',
            },
            { default: 'Local' },
          ),
        ),
      ),
      storage: optional(distStorage),
    },
    field({
      does: 'How drivers are built and distributed inside the cluster.',
      absent: 'none; required by enable-local-drivers-distribution',
      change: 'live',
    }),
  ),
);
const any = (self: JsonObject, keys: readonly string[]): boolean => keys.some((key) => self[key] !== undefined);

/** Where packages are kept: one way of several. */
export const storageRules: readonly Rule[] = [
  {
    id: 'dist-storage-host-path-alone',
    path: 'spec.payload.driverDistPayload.storage',
    cel: '!has(self.hostPath) || !(has(self.claimName) || has(self.storageClassName) || has(self.size))',
    message: 'storage names a hostPath and a volume claim: keep hostPath, or claimName, or size and storageClassName',
    holds: (self) => !any(self, ['hostPath']) || !any(self, ['claimName', 'storageClassName', 'size']),
  },
  {
    id: 'dist-storage-claim-alone',
    path: 'spec.payload.driverDistPayload.storage',
    cel: '!has(self.claimName) || !(has(self.storageClassName) || has(self.size))',
    message: 'storage names an existing claim and describes a new one: keep claimName, or size and storageClassName',
    holds: (self) => !any(self, ['claimName']) || !any(self, ['storageClassName', 'size']),
  },
];
