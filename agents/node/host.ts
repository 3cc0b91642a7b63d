import type { NodeObserved } from '../../lib/drivers/agent-documents';
import type { SignatureFiles } from '../../lib/drivers/load-facts';

/** What lies open on a node, as it is written there. */
export interface NodeFiles {
  /** /proc/sys/kernel/random/boot_id */
  readonly bootID: string;
  /** `uname -r`. */
  readonly release: string;
  /** `uname -m`. */
  readonly machine: string;
  readonly signatures: SignatureFiles;
  /** Modules of WEKA that are loaded. */
  readonly modules: NodeObserved['modules'];
  /** /proc/1/mountinfo */
  readonly mountinfo: string;
  readonly kernels: NodeObserved['kernels'];
  /** os-release; absent: the node has none. */
  readonly osRelease?: string;
}

/** The node as the observer sees it. */
export interface Host {
  /** Looks anew. Rejects when something is hidden that must not be guessed: an unreadable file is no empty one. */
  look(): Promise<NodeFiles>;
}
