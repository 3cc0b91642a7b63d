import { BUILDING_ERRORS } from './building-errors';
import { DISTRIBUTION_ERRORS } from './distribution-errors';
import { LOADING_ERRORS } from './loading-errors';
import { POLICY_ERRORS } from './policy-errors';
import { ROLLOUT_ERRORS } from './rollout-errors';

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
  AuthorityUnusable: {
    summary: 'The certificate authority of the installation, {object}, is not usable: {cause}.',
    remedy:
      'Restore the Secret from a backup, or delete it: a new authority is made at once, and agents trust it as soon as their Pods see it.',
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
    remedy: 'Name another address with {option}, or end what listens there.',
    retry: false,
  },
  GatewayUrlInvalid: {
    summary: '{url} is no URL that agents can dial.',
    remedy: 'Write --gateway-url as https://HOST:PORT, as the nodes of the cluster reach it.',
    retry: false,
  },
  DuplicateObject: {
    summary: '{object} is given twice: {first} and {second}.',
    remedy: 'Keep one of them.',
    retry: false,
  },
  ...BUILDING_ERRORS,
  ...DISTRIBUTION_ERRORS,
  ...LOADING_ERRORS,
  AgentMissing: {
    summary: 'This build of the operator carries no agent {agent}; it carries: {known}.',
    remedy: 'Run it in an image built from the Dockerfile of this version, with one of those names.',
    retry: false,
  },
  ...POLICY_ERRORS,
  ...ROLLOUT_ERRORS,
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
