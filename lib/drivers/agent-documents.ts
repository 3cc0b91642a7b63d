import type { JsonObject } from '../base/json';
import type { AgentFailure } from './agent-result';
import type { PackageKey } from './package';

/**
 * What passes between the operator and the agents of driver distribution, as the body of a Document
 * (lib/base/document.ts). Desired documents say what should be; observed ones what was seen. Readers ignore fields that
 * they don't know.
 */

/** Kinds of the documents, by agent. */
export const DOCUMENT_KIND = {
  distDesired: 'DistDesired',
  distObserved: 'DistObserved',
  builderDesired: 'BuilderDesired',
  builderObserved: 'BuilderObserved',
  nodeDesired: 'NodeDesired',
  nodeObserved: 'NodeObserved',
} as const;

/** An agent by name: `container/<uid of its WekaContainer>` or `node/<name of its Node>`. */
export type AgentId = string;
export const containerAgent = (containerUID: string): AgentId => `container/${containerUID}`;
export const nodeAgent = (node: string): AgentId => `node/${node}`;

/** A package that a distribution service shall hold. */
export interface WantedPackage extends PackageKey {
  readonly id: string;
  /** Known digest: other bytes are never stored under this id. Absent: what was permitted last decides (may-become.ts). */
  readonly sha256?: string;
  /** Fetch it from there, once; absent: it is uploaded by a builder. */
  readonly mirror?: { readonly url: string; readonly sha256: string };
}

/** What a distribution service shall do. */
export interface DistDesired {
  readonly packages: readonly WantedPackage[];
  /** Keys of upload permits, the current one first. */
  readonly permitKeys: readonly string[];
  /** PEM of its serving certificate and what signed it, for the key of the request it sent. Absent: not signed yet. */
  readonly certificate?: string;
  /** Bytes that packages may take on its storage. Absent: what the file system has. */
  readonly limitBytes?: number;
  /** PEM of certificates trusted beside the system's when it mirrors. */
  readonly extraCA?: string;
  /** Proxy for what it mirrors, and hosts that are reached without it (as in NO_PROXY). */
  readonly proxy?: { readonly url: string; readonly noProxy: readonly string[] };
}

/** How a package stands at a distribution service. */
export interface HeldPackage {
  readonly id: string;
  /** `fetching`: being mirrored; `quarantined`: its bytes changed, they are not served any more. */
  readonly state: 'stored' | 'fetching' | 'quarantined' | 'failed';
  /** Of a stored one: what was verified last. */
  readonly sha256?: string;
  /** Bytes. */
  readonly size?: number;
  /** UID of the builder's Pod that uploaded it. */
  readonly podUID?: string;
  readonly failure?: AgentFailure;
}

/** What a distribution service reports. */
export interface DistObserved {
  readonly packages: readonly HeldPackage[];
  /** PEM of its certificate signing request. */
  readonly certificateRequest: string;
  /** Whether new packages are refused for lack of space. */
  readonly full: boolean;
}

/** What a builder needs beyond the environment of its Pod. */
export interface BuilderDesired extends PackageKey {
  readonly id: string;
  /** `https://host:port` of the distribution service. */
  readonly distUrl: string;
  readonly permit: string;
}

/** What the builder's agent reports while it works. */
export interface BuilderObserved {
  readonly step: 'validating' | 'preparing' | 'building' | 'uploading';
}

/** What the observer of a node shall do. */
export interface NodeDesired {
  /** Seconds between looks at the node. */
  readonly intervalSeconds: number;
}

/** A kernel that is installed on the node, booted or not. */
export interface InstalledKernel {
  readonly release: string;
  /** Whether its headers are there, so that modules can be built for it here. */
  readonly headers: boolean;
}

/** What the observer of a node sees. Facts of one boot. */
export interface NodeObserved {
  readonly bootID: string;
  /** `uname -r`. */
  readonly kernel: string;
  /** As Kubernetes names it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly secureBoot: 'Enabled' | 'Disabled' | 'Unsupported';
  /** Whether the kernel refuses modules that no trusted key signed (Secure Boot, module.sig_enforce or lockdown). */
  readonly signaturesEnforced: boolean;
  /** Modules of WEKA that are loaded, with srcversion, sorted by name. */
  readonly modules: readonly {
    readonly name: string;
    readonly srcversion: string;
    readonly holders: readonly string[];
  }[];
  /** Mount points of WEKA file systems, sorted, at most 20. */
  readonly mounts: readonly string[];
  /** Sorted by release. */
  readonly kernels: readonly InstalledKernel[];
  /** The node's distribution as os-release names it: `debian` and `12`. Absent: the node doesn't say. */
  readonly system?: { readonly id: string; readonly version: string };
}

/** A body as JSON: the interfaces above hold nothing else. */
export const bodyOf = (
  body: DistDesired | DistObserved | BuilderDesired | BuilderObserved | NodeDesired | NodeObserved,
): JsonObject => body as unknown as JsonObject;
