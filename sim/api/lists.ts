/** Lists in chunks: every page of one list shows the same moment. */
import type { LiveObject, TypeMeta } from '../../lib/base/kube-object';
import type { Core } from './core';
import { badRequest, expiredContinue } from './failures';
import { kindKey } from './kinds';
import type { Matcher } from './selectors';
import { fieldMatcher, labelMatcher, SelectorError } from './selectors';

export interface SelectionOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface Page {
  readonly objects: readonly LiveObject[];
  /** Of the moment that the list shows. */
  readonly resourceVersion: string;
  /** Where the next page starts; absent on the last. */
  readonly next?: ListPosition;
}

/** What a continue token stands for. */
export interface ListPosition {
  readonly version: number;
  readonly objects: readonly LiveObject[];
  readonly start: number;
}

/** The selection as a predicate. Throws BadRequest. */
export const selectionMatcher = (type: TypeMeta, selection: SelectionOptions, verb: string): Matcher => {
  const { namespace } = selection;
  try {
    const byLabel = labelMatcher(selection.labelSelector);
    const byField = fieldMatcher(selection.fieldSelector, kindKey(type));
    return (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) && byLabel(object) && byField(object);
  } catch (thrown) {
    if (!(thrown instanceof SelectorError)) throw thrown;
    throw badRequest({ verb, object: type.kind }, thrown.message);
  }
};

/** The first page of a list. */
export const firstPage = (type: TypeMeta, selection: SelectionOptions, limit: number, core: Core): Page => {
  const objects = core.store.list(type).filter(selectionMatcher(type, selection, 'list'));
  return pageAt({ version: core.store.version, objects, start: 0 }, limit);
};

/** A further page; Expired when the past that it belongs to is forgotten. */
export const nextPage = (type: TypeMeta, position: ListPosition, limit: number, core: Core): Page => {
  if (position.version < core.store.oldest(type)) throw expiredContinue({ verb: 'list', object: type.kind });
  return pageAt(position, limit);
};

const pageAt = (position: ListPosition, limit: number): Page => {
  const { objects, start, version } = position;
  const end = start + limit;
  return {
    objects: start === 0 && end >= objects.length ? objects : objects.slice(start, end),
    resourceVersion: String(version),
    ...(end < objects.length ? { next: { ...position, start: end } } : {}),
  };
};
