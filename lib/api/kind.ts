import type { TObject } from '@sinclair/typebox';
import type { JsonObject } from '../base/json';

/** The API group of all our kinds. */
export const GROUP = 'weka.weka.io';
/** The one version, served and stored. */
export const VERSION = 'v1alpha1';
/** `apiVersion` of all our kinds. */
export const API_VERSION = `${GROUP}/${VERSION}`;

/**
 * A rule across fields: once as CEL, for the API server, and once as its twin in TypeScript, for the linter and the
 * in-memory cluster. The contract suite holds the two against each other.
 */
export interface Rule {
  /** Name used by tests and findings, kebab-case. */
  readonly id: string;
  /** Where in the object: `spec`, `spec.network`, `spec.payload.driverDistPayload`; `[]` for items: `spec.a[].b`. */
  readonly path: string;
  /** CEL over `self` (and `oldSelf`: then the rule is checked only on updates). */
  readonly cel: string;
  /** Whether `cel` mentions `oldSelf`. */
  readonly transition?: boolean;
  /** What the user reads: names the fields and says what to do. */
  readonly message: string;
  /** The twin. `true`: holds. `self` is the value at `path`; `oldSelf` only for transition rules. */
  readonly holds: (self: JsonObject, oldSelf: JsonObject | undefined) => boolean;
}

/** An `additionalPrinterColumns` entry. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  readonly format?: string;
  /** 0 (default): always shown; 1: with `-o wide`. */
  readonly priority?: number;
}

/** One of our kinds: everything else (type, validator, CRD, imports, reference page) follows from it. */
export interface KindDefinition<Spec extends TObject = TObject, Status extends TObject = TObject> {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** One paragraph: what an object of this kind is. Heads the reference page and `kubectl explain`. */
  readonly description: string;
  readonly spec: Spec;
  readonly status: Status;
  readonly printerColumns: readonly PrinterColumn[];
  readonly rules: readonly Rule[];
}

/** Keeps the literal types of a definition. */
export const defineKind = <Spec extends TObject, Status extends TObject>(definition: KindDefinition<Spec, Status>) =>
  definition;
