import type { ErrorSpec } from './errors';

/** What keeps packages from being had, and driver containers from doing their work. Rows of ERRORS. */
export const POLICY_ERRORS = {
  PackageUnavailable: {
    summary: 'There is no driver for WEKA {wekaVersion} and kernel {kernel} ({architecture}): {cause}.',
    remedy:
      'Let a WekaPolicy of type enable-local-drivers-distribution with source Local or RegistryThenLocal build it, use a kernel that the registry has, or import a bundle that holds it.',
    retry: true,
  },
  PackageNameUnknown: {
    summary: 'The name under which {server} keeps the driver for kernel {kernel} ({architecture}) is not known.',
    remedy:
      'Its names carry a signature of the kernel that only WEKA’s own program computes. Nothing to do where a policy builds drivers; else name a distribution service or a mirror in driversDistService.',
    retry: true,
  },
  OutsideInvalid: {
    summary: '{option}: {value} can not be used: {cause}.',
    remedy: 'Correct it and start the manager again; it connects to nothing until then.',
    retry: false,
  },
  StorageClassMissing: {
    summary: 'StorageClass {name} does not exist: the volume claim {claim} cannot be filled.',
    remedy:
      'Create the StorageClass, or correct spec.payload.driverDistPayload.storage.storageClassName; without storage a directory of a node is used.',
    retry: true,
  },
  BuilderDied: {
    summary: 'The builder ended without a result: {cause}.',
    remedy:
      'See the log of its Pod, and the events of its node: too little memory or space ends it like this. It is tried again.',
    retry: true,
  },
  UploadTargetMissing: {
    summary: 'No distribution service takes what this builder builds: {cause}.',
    remedy:
      'Make a WekaContainer with mode drivers-dist in namespace {namespace}, and name it in spec.uploadResultsTo of the builder where there are several.',
    retry: true,
  },
  UploadTargetAmbiguous: {
    summary: 'Several distribution services could take what this builder builds: {names}.',
    remedy: 'Name one of them in spec.uploadResultsTo of the builder.',
    retry: true,
  },
  ImageVersionUnknown: {
    summary: 'No driver can be chosen for {images}: the WEKA version is not known.',
    remedy: 'Give the image a tag or a digest.',
    retry: true,
  },
} as const satisfies Record<string, ErrorSpec>;
