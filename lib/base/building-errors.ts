import type { ErrorSpec } from './errors';

/** What goes wrong where drivers are built for a kernel. Rows of ERRORS. */
export const BUILDING_ERRORS = {
  BuildInstructionsInvalid: {
    summary: 'The instructions of the builder cannot be used: {problems}.',
    remedy:
      'Correct spec.instructions of the WekaContainer: type build-drivers, and a payload of JSON with kernel and arch.',
    retry: false,
  },
  KernelNotInstalled: {
    summary: 'Kernel {kernel} is not installed on {node}: {path} is not there.',
    remedy:
      'Install it there together with its headers, or let nodeSelectors select a node that has it; it need not be booted.',
    retry: true,
  },
  KernelNotBooted: {
    summary: '{node} runs kernel {running}; the weka command of the image builds for that one only, not for {kernel}.',
    remedy:
      'Boot a node into that kernel, or name an image with the sources of the drivers in builderImageOverride: those are built for any kernel whose headers are there.',
    retry: true,
  },
  ArchitectureMismatch: {
    summary: 'Drivers for {wanted} are not built on {node}, which is {architecture}.',
    remedy: 'Let nodeSelectors, or the nodeSelector of the builder, select a node of that architecture.',
    retry: true,
  },
  PreRunScriptFailed: {
    summary: 'The pre-run script {outcome}: {output}.',
    remedy:
      'Correct builderPreRunScript of the policy (overrides.preRunScript of a WekaContainer); the log of the builder has all that it said.',
    retry: true,
  },
  HeadersMissing: {
    summary: 'The headers of kernel {kernel} are missing on {node}: {path} is not there.',
    remedy: 'Install {package} on {node}; the build begins by itself.',
    retry: true,
  },
  CompilerMissing: {
    summary: 'The image of the builder has no {programs}; kernel {kernel} was built with {compiler}.',
    remedy:
      'Let builderPreRunScript install what is missing (apt-get update && apt-get install -y {packages}), or name an image that has it in builderImageOverride.',
    retry: true,
  },
  BuildToolsUnusable: {
    summary: 'The build tools of kernel {kernel} on {node} do not run in the image of the builder: {cause}.',
    remedy:
      'Name an image in builderImageOverride whose libc and libraries are at least as new as those of the node, or let builderPreRunScript install the library named.',
    retry: true,
  },
  DriverSourcesMissing: {
    summary:
      'The image of the builder has neither a weka command that packs drivers nor driver sources in {directory}.',
    remedy: 'Name a WEKA image, or one with the sources of its drivers, in builderImageOverride.',
    retry: true,
  },
  BuildFailed: {
    summary: 'Building for kernel {kernel} failed: {error}.',
    remedy:
      'Make sure that the image of the builder supports this kernel, else name another one in builderImageOverride; what the compiler needs beyond is given in extraBuildArgs. The log of the builder has all that it said.',
    retry: true,
  },
  BuildTimedOut: {
    summary: 'Building for kernel {kernel} was not done within {timeout}; it was busy with {step}.',
    remedy:
      'Verify with uname -r on {node} that the headers match the kernel, and that linux-headers-$(uname -r) is present there before the build starts; if all is well and merely slow, raise buildTimeout.',
    retry: true,
  },
  BuildUnusable: {
    summary: 'What was built for kernel {kernel} cannot be used: {problem}.',
    remedy:
      'Check that the headers on {node} are those of exactly this kernel, and that extraBuildArgs name no other one.',
    retry: true,
  },
  NoSpaceToBuild: {
    summary: 'There is no room left on {node} to build in ({path}).',
    remedy: 'Free space in the ephemeral storage of the node; it is tried again.',
    retry: true,
  },
  BuildOrderMissing: {
    summary: 'The operator has not told the builder within {timeout} where its package goes.',
    remedy:
      'Check that the Service of the operator’s gateway has an endpoint and that network policies let the builder reach it; it is tried again.',
    retry: true,
  },
  UploadFailed: {
    summary: 'The package could not be uploaded to {url}: {cause}.',
    remedy:
      'Check that the Service of the distribution service exists and has endpoints, and that network policies leave port 60002 open between the builder and it; it is tried again.',
    retry: true,
  },
  UploadRefused: {
    summary: 'The distribution service at {url} does not take the package: {cause}.',
    remedy: 'Do what its answer says; it is tried again.',
    retry: true,
  },
} as const satisfies Record<string, ErrorSpec>;
