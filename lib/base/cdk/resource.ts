/**
 * The one ApiObject that our constructs are made of: plain data in, the same data out.
 *
 * cdk8s resolves every leaf of every object by walking up to the App, sorts and copies it twice, and drops nulls. For
 * plain data (all of ours) none of that is needed; where a value is a cdk8s token (Lazy, Duration, …), where JSON
 * patches were added, or where an App brings resolvers of its own, cdk8s does its work as ever.
 */
import { ApiObject, App } from 'cdk8s';
import type { ApiObjectProps, JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';
import type { JsonObject } from '../json';
import type { Manifest, OwnerReference, TypeMeta } from '../kube-object';
import { plainJson } from './plain';

/** Metadata of a manifest: a name always, never one made from the construct path. */
export interface ManifestMetadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
}

/** A whole manifest as data: `spec`, `data`, `rules`, … beside the metadata. */
export interface ResourceProps extends TypeMeta {
  readonly metadata: ManifestMetadata;
  readonly [part: string]: unknown;
}

/** Resolvers that every App has: tokens, Lazy, unions. */
const STANDARD_RESOLVERS = new App().resolvers.length;

const isToken = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(isToken);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return Object.values(value).some(isToken);
  return prototype !== null && ('resolve' in value || 'produce' in value || 'value' in value);
};

/** Something that gives its manifest and names its problems instead of throwing at the first. */
export interface Rendered {
  renderInto(problems: string[]): Manifest;
}

/** What cdk8s keeps of metadata. Its own rendering of it walks up to the App for every leaf: a tenth of all our time. */
interface KeptMetadata {
  readonly labels: object;
  readonly annotations: object;
  readonly finalizers: readonly unknown[];
  readonly ownerReferences: readonly unknown[];
  readonly _additionalAttributes: object;
}

const unlessEmpty = <T extends object>(value: T): T | undefined => {
  for (const _ in value) return value;
  return undefined;
};

/** Whether a construct is one of ours. (`instanceof` can't tell: ApiObject answers it for all its subclasses.) */
export const isRendered = (construct: object): construct is Rendered => 'renderInto' in construct;

/** Any Kubernetes object, given as data. */
export class Resource extends ApiObject implements Rendered {
  private readonly given: ResourceProps;
  private patched = false;

  constructor(scope: Construct, id: string, props: ResourceProps) {
    super(scope, id, props as unknown as ApiObjectProps);
    this.given = props;
  }

  override addJsonPatch(...operations: JsonPatch[]): void {
    this.patched = true;
    super.addJsonPatch(...operations);
  }

  /** The manifest, with labels that were added later and those of the chart; problems are added to the list, and the manifest is then incomplete. */
  renderInto(problems: string[]): Manifest {
    const { metadata: _, ...rest } = this.given;
    const own: string[] = [];
    const checked = this.patched ? undefined : plainJson({ ...rest, metadata: this.currentMetadata() }, own);
    // Tokens are not plain data, so they are looked for only when something wasn't.
    if (this.patched || this.hasResolvers() || (own.length > 0 && isToken(this.given))) {
      return plainJson(super.toJson(), problems) as unknown as Manifest;
    }
    problems.push(...own);
    return checked as unknown as Manifest;
  }

  override toJson(): JsonObject {
    const problems: string[] = [];
    const manifest = this.renderInto(problems);
    if (problems.length > 0) throw new Error(`${this.node.path}: ${problems.join('; ')}`);
    return manifest as unknown as JsonObject;
  }

  /** What was given, what was added since, and the labels and namespace of the chart. An empty map or list that was given stays. */
  private currentMetadata(): object {
    const given = this.given.metadata;
    const now = this.metadata as unknown as KeptMetadata;
    return {
      ...given,
      ...now._additionalAttributes,
      labels: unlessEmpty(now.labels) ?? given.labels,
      annotations: unlessEmpty(now.annotations) ?? given.annotations,
      finalizers: unlessEmpty(now.finalizers) ?? given.finalizers,
      ownerReferences: unlessEmpty(now.ownerReferences) ?? given.ownerReferences,
    };
  }

  private hasResolvers(): boolean {
    return App.of(this).resolvers.length !== STANDARD_RESOLVERS;
  }
}
