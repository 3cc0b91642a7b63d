import type { TypeMeta } from '../base/kube-object';
import type { KindDefinition } from './kind';
import { API_VERSION } from './kind';
import { wekaClient } from './weka-client';
import { wekaCluster } from './weka-cluster';
import { wekaContainer } from './weka-container';
import { wekaManualOperation } from './weka-manual-operation';
import { wekaNode } from './weka-node';
import { wekaPolicy } from './weka-policy';

/** All our kinds. */
export const KINDS: readonly KindDefinition[] = [
  wekaCluster,
  wekaClient,
  wekaContainer,
  wekaPolicy,
  wekaManualOperation,
  wekaNode,
];

const byKind = new Map(KINDS.map((definition) => [definition.kind, definition]));

/** The definition of a kind of ours; undefined for every other apiVersion or kind. */
export const kindOf = (apiVersion: string, kind: string): KindDefinition | undefined =>
  apiVersion === API_VERSION ? byKind.get(kind) : undefined;

/** apiVersion and kind of one of our kinds. */
export const typeMetaOf = (kind: string): TypeMeta => {
  if (!byKind.has(kind)) throw new RangeError(`${kind} is none of our kinds`);
  return { apiVersion: API_VERSION, kind };
};
