import type { AgentFailure } from './agent-result';

/** What a registry of built drivers says of one package. */
export type RegistryAnswer =
  /** Not asked yet, or the answer is under way. */
  | { readonly state: 'pending' }
  | { readonly state: 'found'; readonly url: string; readonly sha256: string }
  /** Authoritatively: a 404 for a name that is known to be right. */
  | { readonly state: 'absent' }
  /** Anything else: nobody answered, 401, 5xx, a name that is not known. Never read as `absent`. */
  | {
      readonly state: 'unknown';
      readonly failure: AgentFailure;
      /** Since when it has been so without interruption, milliseconds since the epoch. */
      readonly since: number;
    };

/** WEKA's registry of built drivers. */
export const WEKA_REGISTRY = 'https://drivers.weka.io';
