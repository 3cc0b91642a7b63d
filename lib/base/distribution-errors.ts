import type { ErrorSpec } from './errors';

/** What goes wrong between a registry, a distribution service and those who fetch from it. Rows of ERRORS. */
export const DISTRIBUTION_ERRORS = {
  // — fetching a package from a registry or a distribution service ——————————————————————————————————————————
  RegistryUnreachable: {
    summary: '{server} does not answer: {cause}.',
    remedy:
      'Check the name, the network policies, and the proxy settings (HTTPS_PROXY, NO_PROXY, extra CA) between here and there; tried again automatically.',
    retry: true,
  },
  RegistryUntrusted: {
    summary: 'The certificate of {server} is not trusted: {cause}.',
    remedy: 'Add the CA that signed it to the extra CA bundle of the drivers; TLS is never skipped.',
    retry: true,
  },
  RegistryRefused: {
    summary: '{server} refuses to give out packages (HTTP {status}).',
    remedy: 'Check the credentials and the licence that this site has with the registry; tried again automatically.',
    retry: true,
  },
  RegistryFailed: {
    summary: '{server} failed (HTTP {status}).',
    remedy: 'Tried again automatically; see the service’s own log or status page if it lasts.',
    retry: true,
  },
  RegistryAnswerInvalid: {
    summary: '{server} gave an answer that is no package: {cause}.',
    remedy:
      'Check that the URL is that of a registry of WEKA drivers and that no portal or proxy answers in its place.',
    retry: true,
  },
  PackageGone: {
    summary: '{server} does not have {path} any more (HTTP {status}).',
    remedy: 'Nothing to do: the registry is asked again, and the package is built where a builder is configured.',
    retry: true,
  },
  PackageTruncated: {
    summary: '{server} ended {path} before its last byte.',
    remedy: 'Fetched again automatically from where it ended; check proxies in between if it lasts.',
    retry: true,
  },
  DigestMismatch: {
    summary: '{path} of {server} has SHA-256 {actual}, not {expected}.',
    remedy:
      'The bytes were thrown away, nothing was extracted. The package is fetched or built again automatically; if it stays, delete it from the storage of the service, and look for what changes bytes in between.',
    retry: true,
  },
  PackageTooLarge: {
    summary: '{path} is larger than {limit} bytes.',
    remedy: 'Check that it is a driver package; such a file is never stored.',
    retry: false,
  },
  // — a distribution service and those who upload ———————————————————————————————————————————————————————————
  PathUnknown: {
    summary: 'There is nothing at {path}.',
    remedy: 'Packages are listed at /dist/v1/drivers/.',
    retry: false,
  },
  PackageIdInvalid: {
    summary: '“{id}” is not the id of a driver package.',
    remedy: 'Ids are made by the operator: use the one in the builder’s instructions.',
    retry: false,
  },
  PackageNotStored: {
    summary: 'Package {id} is not stored here.',
    remedy: 'The operator has it built or mirrored when a node needs it: see `weka-operator drivers`.',
    retry: true,
  },
  PackageNotWanted: {
    summary: 'Package {id} is not wanted here.',
    remedy: 'Nothing demands it any more, or the operator has not told this service of it yet; try again in a minute.',
    retry: true,
  },
  PackageConflict: {
    summary: 'Package {id} has other bytes already.',
    remedy: 'What the operator vouches for never changes under its id. Delete the stored file to have it made anew.',
    retry: false,
  },
  PackageCorrupted: {
    summary: 'The stored bytes of package {id} changed on disk.',
    remedy:
      'They are in quarantine and not served; the package is fetched or built again. Check the disk if it happens again.',
    retry: true,
  },
  PackageManifestInvalid: {
    summary: 'Package {id} was refused: {problem}.',
    remedy: 'Build it with a builder of this version of the operator; see its log.',
    retry: false,
  },
  UploadNotPermitted: {
    summary: 'The upload permit is {problem}.',
    remedy: 'Only builders that the operator made can upload: they fetch a permit from it. Restart the builder’s Pod.',
    retry: true,
  },
  UploadHeaderInvalid: {
    summary: 'Header {header} is missing or not valid.',
    remedy: 'Send Content-Length, and the SHA-256 of the body as 64 hexadecimal digits in X-Content-Sha256.',
    retry: false,
  },
  UploadDigestMismatch: {
    summary: 'The uploaded bytes of {id} do not have the SHA-256 that their header names.',
    remedy: 'Upload again: the bytes changed on the way, or the file changed while it was read. Nothing was stored.',
    retry: true,
  },
  UploadIncomplete: {
    summary: 'The upload of {id} ended before its last byte.',
    remedy: 'Upload again. Nothing was stored.',
    retry: true,
  },
  StorageFull: {
    summary: 'There is no room for package {id}.',
    remedy: 'Free space in the storage of the distribution service, or raise its limit. What is stored stays served.',
    retry: true,
  },
  StorageFailed: {
    summary: 'The storage of the distribution service failed: {cause}.',
    remedy: 'Check the volume and its node; tried again automatically.',
    retry: true,
  },
  DistNotReady: {
    summary: 'The distribution service is not ready: {cause}.',
    remedy: 'Try again in a few seconds.',
    retry: true,
  },
  // — bundles of packages for sites without a network ———————————————————————————————————————————————————————
  BundleInvalid: {
    summary: '{file} is not a bundle of driver packages: {problem}.',
    remedy: 'Export it again with `weka-operator drivers bundle export` and compare its SHA-256 after copying.',
    retry: false,
  },
} as const satisfies Record<string, ErrorSpec>;
