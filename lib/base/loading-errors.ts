import type { ErrorSpec } from './errors';

/** What goes wrong where drivers are loaded into the kernel of a node. Rows of ERRORS. */
export const LOADING_ERRORS = {
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
      'Nothing that is in use was unloaded. Unmount the file systems, end the processes or unload the modules named, or reboot the node; it is tried again.',
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
    remedy: 'Let the operator make the Pod again; where a program is missing, name an image that has it.',
    retry: false,
  },
} as const satisfies Record<string, ErrorSpec>;
