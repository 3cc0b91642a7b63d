import { DISTRIBUTION_ERRORS } from './distribution-errors';

/** One row of the errors table. `{name}` in a text is filled from the parameters of the error. */
export interface ErrorSpec {
  readonly summary: string;
  readonly remedy: string;
  /** Whether trying again without a change by somebody can help. `false`: the object is Stalled until it changes. */
  readonly retry: boolean;
}

/**
 * Everything that can go wrong and that somebody reads. docs/errors.md is generated from this table.
 * Codes are API: they appear as condition reasons, in events, in `-o json` and in scripts. Never rename one.
 */
export const ERRORS = {
  // — the API server ————————————————————————————————————————————————————————————————————————————————————————
  ApiUnreachable: {
    summary: 'The API server at {server} does not answer: {cause}.',
    remedy: 'Check the address in the kubeconfig and the network between here and there; the manager keeps trying.',
    retry: true,
  },
  ApiUntrusted: {
    summary: 'The certificate of the API server at {server} is not trusted: {cause}.',
    remedy: 'Put the CA that signed it into certificate-authority-data of the kubeconfig; TLS is never skipped.',
    retry: true,
  },
  ApiUnauthorized: {
    summary: 'The API server at {server} does not accept the credential: {cause}.',
    remedy: 'Renew the token or client certificate that the kubeconfig names; the file is read again on each try.',
    retry: true,
  },
  ApiForbidden: {
    summary: 'The API server forbids {verb} on {resource}: {cause}.',
    remedy:
      'Apply the ClusterRole of this version of the operator, or bind it to the service account named in the message.',
    retry: true,
  },
  ApiTimeout: {
    summary: '{verb} {object} was not answered within {seconds} s.',
    remedy: 'Retried automatically.',
    retry: true,
  },
  ApiBusy: {
    summary: 'The API server asks to slow down ({verb} {object}).',
    remedy: 'Retried automatically after the time it asks for.',
    retry: true,
  },
  ApiServerError: {
    summary: 'The API server failed on {verb} {object}: {cause}.',
    remedy: 'Retried automatically; see its log if it lasts.',
    retry: true,
  },
  Conflict: {
    summary: '{object} changed while it was being written.',
    remedy: 'Retried automatically on the new version.',
    retry: true,
  },
  KindMissing: {
    summary: 'The cluster does not know {kind} of {apiVersion}.',
    remedy: 'Apply crds/ of this version: kubectl apply --server-side -f crds/.',
    retry: true,
  },
  CrdOutdated: {
    summary: 'The CRD of {kind} is older than this operator: it lacks {field}.',
    remedy: 'Apply crds/ of this version: kubectl apply --server-side -f crds/.',
    retry: true,
  },
  ServerTooOld: {
    summary: 'Kubernetes {version} is older than {floor}, the oldest this operator runs on.',
    remedy: 'Upgrade the control plane, or run an older operator.',
    retry: false,
  },
  ObjectRejected: {
    summary: 'The API server refuses {object}: {cause}.',
    remedy: 'Correct the field that the message names.',
    retry: false,
  },
  ImmutableField: {
    summary: '{object}: {field} cannot be changed on a living object.',
    remedy: 'Nothing was deleted. Delete the object yourself when its loss is acceptable; it is made again at once.',
    retry: false,
  },
  NameTaken: {
    summary: '{object} exists and belongs to {owner}.',
    remedy: 'Rename or delete the other object; it is never taken over.',
    retry: true,
  },
  LeadershipLost: {
    summary: 'The Lease {lease} was lost: {cause}.',
    remedy: 'Nothing to do: this process ends, is started again and stands by; another one acts.',
    retry: true,
  },
  NamespaceTerminating: {
    summary: 'Namespace {namespace} is being deleted.',
    remedy: 'Nothing to do: its objects go with it.',
    retry: true,
  },
  // — what a user writes ————————————————————————————————————————————————————————————————————————————————————
  InvalidSpec: {
    summary: '{object}: {problems}.',
    remedy: 'Correct the fields named; weka-operator lint -f FILE shows each with its line.',
    retry: false,
  },
  NotSupportedYet: {
    summary: '{object}: {what} is not run by this version of the operator.',
    remedy: 'Nothing was changed. {alternative}',
    retry: false,
  },
  FileUnreadable: { summary: '{file}: {cause}.', remedy: 'Check the path and its permissions.', retry: false },
  FileTooLarge: {
    summary: '{file} is {size} MB; the limit is {limit} MB.',
    remedy: 'Split it, or name the files that hold custom resources.',
    retry: false,
  },
  FileNotText: { summary: '{file} is not text.', remedy: 'Name YAML or JSON files.', retry: false },
  FileEmpty: {
    summary: '{file} holds no object.',
    remedy: 'Remove it from the list, or write the object.',
    retry: false,
  },
  YamlInvalid: { summary: '{file}:{line}: {cause}.', remedy: 'Correct the YAML at that line.', retry: false },
  FaultPlanInvalid: {
    summary: '{file} is no fault plan: {problems}',
    remedy: 'Correct the places named; docs/simulation.md lists every fault with its fields.',
    retry: false,
  },
  OutputNotOurs: {
    summary: '{directory} holds files that this command did not write.',
    remedy: 'Name an empty directory, or one that an earlier run of this command made.',
    retry: false,
  },
  OutputFailed: {
    summary: 'Writing {file} failed: {cause}.',
    remedy: 'Free space or correct the permissions; nothing was left half-written.',
    retry: false,
  },
  AddressUnusable: {
    summary: 'Nothing can be served at {address}: {cause}.',
    remedy: 'Name another address with --health-address, or end what listens there.',
    retry: false,
  },
  DuplicateObject: {
    summary: '{object} is given twice: {first} and {second}.',
    remedy: 'Keep one of them.',
    retry: false,
  },
  ...DISTRIBUTION_ERRORS,
  AgentMissing: {
    summary: 'This build of the operator carries no agent {agent}; it carries: {known}.',
    remedy: 'Run it in an image built from the Dockerfile of this version, with one of those names.',
    retry: false,
  },
  // — loading drivers on a node ———————————————————————————————————————————————————————————————————————————————
  DriverNotIndexed: {
    summary: 'No driver for WEKA {wekaVersion} and kernel {kernel} ({architecture}) is in the package index.',
    remedy:
      'It appears by itself once the package is built or mirrored. If it does not: check that the labels of the node match the nodeSelectors of a policy that builds drivers, or that the registry has this kernel.',
    retry: true,
  },
  DistUnreachable: {
    summary: 'The driver package cannot be fetched from {url}: {cause}.',
    remedy:
      'Check that the Service named in driversDistService exists and has endpoints, and that network policies leave port 60002 open between the nodes and it.',
    retry: true,
  },
  DigestMismatch: {
    summary: 'The driver package from {url} has the SHA-256 {found}, the package index says {expected}.',
    remedy:
      'Nothing was extracted. The operator has the package fetched or built again; if it stays, delete it from the storage of the distribution service.',
    retry: true,
  },
  ArchiveUnsafe: {
    summary: 'The driver package {package} is not a safe archive: {cause}.',
    remedy: 'Nothing was loaded. Build the package again with the builder of this version, or report it to its maker.',
    retry: false,
  },
  PackageInvalid: {
    summary: 'The driver package {package} is not what it should be: {cause}.',
    remedy: 'Nothing was loaded. Build the package again with the builder of this version, or report it to its maker.',
    retry: false,
  },
  VermagicMismatch: {
    summary: '{module} was built for "{found}", the running kernel is "{kernel}".',
    remedy: 'Nothing was changed. Build the package with the headers of exactly this kernel.',
    retry: false,
  },
  SymbolVersionMismatch: {
    summary: '{module} was built against other versions of {symbols} than the running kernel has.',
    remedy:
      'Nothing was changed. Build the package with the headers of exactly this kernel: its release alone is not enough.',
    retry: false,
  },
  ModuleNotSigned: {
    summary: '{module} is not signed, and the node loads signed modules only ({policy}).',
    remedy:
      'Nothing was changed on the node. Use a package that is signed with a key enrolled there; the policy of the node is never weakened.',
    retry: false,
  },
  SigningKeyNotTrusted: {
    summary: '{module} is signed by {signer}, whom the kernel of the node does not trust ({policy}).',
    remedy:
      'Enrol the certificate of the signer in the firmware of the node (mokutil --import, then a reboot), or use a package that is signed with a key enrolled there.',
    retry: false,
  },
  ModulesDisabled: {
    summary: 'The kernel of the node takes no modules: {cause}.',
    remedy: 'Remove what sets kernel.modules_disabled and reboot the node, or use a kernel built with modules.',
    retry: false,
  },
  ModuleRefused: {
    summary: 'The kernel refuses {module}: {cause}.',
    remedy:
      'Modules that were loaded along with it were unloaded again. Read the message of the kernel; a package built with the headers of exactly this kernel is what mostly helps.',
    retry: true,
  },
  DriverInUse: {
    summary: 'Another version of {modules} is loaded and in use: {users}.',
    remedy:
      'Nothing was unloaded. Unmount the file systems, end the processes or unload the modules named, or reboot the node; it is tried again.',
    retry: true,
  },
  UnloadRefused: {
    summary: 'Another version of {module} is loaded and the kernel does not unload it: {cause}.',
    remedy: 'Reboot the node: it then starts with the version that is wanted. Modules are never unloaded by force.',
    retry: true,
  },
  LoadNotConfirmed: {
    summary: '{module} should be loaded with the srcversion {expected}; the kernel shows {found}.',
    remedy: 'Something else on the node loads or unloads this module; find it, then it is tried again.',
    retry: true,
  },
  LoaderBusy: {
    summary: 'Another loader is at work on the node.',
    remedy: 'Nothing to do: it is tried again when that one has ended.',
    retry: true,
  },
  LoaderStopped: {
    summary: 'The loader was stopped before it changed anything.',
    remedy: 'Nothing to do: the Pod that replaces it tries again.',
    retry: true,
  },
  NoSpaceOnNode: {
    summary: 'The file system of {directory} has no room for {bytes} bytes.',
    remedy: 'Free space on the node; it is tried again.',
    retry: true,
  },
  NodeDirectoryUnusable: {
    summary: '{directory} of the node cannot be used: {cause}.',
    remedy: 'Check that its file system is mounted, writable and healthy.',
    retry: true,
  },
  AgentMisconfigured: {
    summary: 'The agent cannot start: {name} {cause}.',
    remedy: 'Let the operator make the Pod again; it sets what its agents need.',
    retry: false,
  },
  // — our own defects ———————————————————————————————————————————————————————————————————————————————————————
  RenderFailed: {
    summary: 'Manifests could not be made: {problems}.',
    remedy: 'Please report it with the message; nothing was changed in the cluster.',
    retry: false,
  },
  Internal: {
    summary: 'Unexpected: {cause}.',
    remedy: 'Please report it with the log line; the operator tries again.',
    retry: true,
  },
} as const satisfies Record<string, ErrorSpec>;

/** The code of an error: a key of ERRORS. */
export type ErrorCode = keyof typeof ERRORS;

/** What fills the `{name}` places of a text. */
export type ErrorParameters = Readonly<Record<string, string | number>>;

/** Replaces each `{name}` by its parameter; a missing one is left standing so that a test sees it. */
export const fillIn = (text: string, parameters: ErrorParameters): string =>
  text.replace(/\{(\w+)\}/g, (place, name: string) => String(parameters[name] ?? place));

/** An error of the table, with its cause kept. `message` is the summary, filled in. */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
  readonly remedy: string;

  constructor(
    readonly code: ErrorCode,
    readonly parameters: ErrorParameters = {},
    options?: ErrorOptions,
  ) {
    super(fillIn(ERRORS[code].summary, parameters), options);
    this.remedy = fillIn(ERRORS[code].remedy, parameters);
  }

  /** Whether trying again can help without somebody changing something. */
  get retry(): boolean {
    return ERRORS[this.code].retry;
  }
}

/** Any thrown value as an OperatorError: what is not one becomes `Internal`, its cause kept. */
export const asOperatorError = (thrown: unknown): OperatorError =>
  thrown instanceof OperatorError
    ? thrown
    : new OperatorError(
        'Internal',
        { cause: thrown instanceof Error ? thrown.message : String(thrown) },
        { cause: thrown },
      );
