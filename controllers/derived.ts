import type { LiveObject } from '../lib/base/kube-object';

type List = readonly LiveObject[];

/**
 * What follows from a list of the cache, worked out once for as long as the cache gives the same list: a thousand rounds
 * that each look for their few objects would otherwise each go through all of them.
 */
export const derived = <View extends object>(make: (list: List) => View): ((list: List) => View) => {
  const known = new WeakMap<List, View>();
  return (list) => {
    const view = known.get(list) ?? make(list);
    known.set(list, view);
    return view;
  };
};
