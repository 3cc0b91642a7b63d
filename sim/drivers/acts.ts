/** What agents did to packages and kernels: for stories, and for what must hold whatever happens. */
export type AgentAct =
  /** A builder's compiler has run to its end. */
  | { readonly what: 'built'; readonly id: string; readonly sha256: string; readonly pod: string }
  /** A distribution service has a package from now on. `by`: who brought it. */
  | {
      readonly what: 'stored';
      readonly id: string;
      readonly sha256: string;
      readonly pod: string;
      readonly by: 'upload' | 'mirror';
    }
  /** It found other bytes than it had stored, and serves them no longer. */
  | { readonly what: 'quarantined'; readonly id: string; readonly pod: string }
  /** A loader has taken the lock of its node, and gives it back. */
  | { readonly what: 'begins' | 'ends'; readonly node: string; readonly pod: string }
  /** A loader opens a package. `sha256`: of the bytes at hand. */
  | {
      readonly what: 'opens';
      readonly node: string;
      readonly id: string;
      readonly sha256: string;
      readonly from: 'cache' | 'dist';
    }
  /** A loader takes modules out of the kernel. */
  | { readonly what: 'unloads'; readonly node: string; readonly mounts: readonly string[] }
  /** The modules of a package are in the kernel. */
  | { readonly what: 'loads'; readonly node: string; readonly id: string; readonly sha256: string }
  /** A loader gave up. */
  | { readonly what: 'fails'; readonly node: string; readonly code: string };

/** Told of each act. */
export type ActListener = (act: AgentAct) => void;
