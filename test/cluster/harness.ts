import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { LiveObject } from '../../lib/base/kube-object';
import type { ApiAnswer, ApiRequest } from './api-request';
import { request } from './api-request';
import type { Coordinates, Identity, KubeconfigOptions } from './coordinates';
import { kubeconfigOf, readCoordinates } from './coordinates';

const coordinates = readCoordinates();

/** Where the control plane is. Only inside of tests and hooks: at collection time there may be none. */
export const controlPlane = (): Coordinates => {
  if (coordinates === undefined) throw new Error('no control plane: write the suite with describeCluster');
  return coordinates;
};

/** A suite that needs the control plane: reported as skipped, test by test, where there is none. */
export const describeCluster = (name: string, suite: () => void): void =>
  (coordinates === undefined ? describe.skip : describe)(name, suite);

/** Where the CRDs lie that `npm run generate` wrote. */
export const CRD_DIRECTORY = join(__dirname, '..', '..', 'crds');

// — kubectl ———————————————————————————————————————————————————————————————————————————————————————————————————

export interface KubectlOptions {
  /** Standard input. */
  readonly stdin?: string;
  /** File. Default: the administrator's. */
  readonly kubeconfig?: string;
  /** Resolve also when it fails. Default: reject with its standard error. */
  readonly mayFail?: boolean;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real kubectl. It reads and writes nothing outside the control plane's directory. */
export const kubectl = (args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> =>
  kubectlOn(controlPlane(), args, options);

/** The same, on any control plane; `launcher`: program and arguments that run it elsewhere (`ip netns exec NAME`). */
export const kubectlOn = (
  { binaries, directory, kubeconfig }: Coordinates,
  args: readonly string[],
  options: KubectlOptions = {},
  launcher: readonly string[] = [],
): Promise<KubectlResult> => {
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    KUBECONFIG: options.kubeconfig ?? kubeconfig,
    KUBECACHEDIR: join(directory, 'kubectl-cache'),
  };
  return new Promise((resolve, reject) => {
    const [program, ...all] = [...launcher, join(binaries, 'kubectl'), ...args];
    const child = spawn(program as string, all, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      const result = {
        code: code ?? -1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      };
      if (result.code === 0 || options.mayFail) resolve(result);
      else reject(new Error(`kubectl ${args.join(' ')} ended with ${result.code}: ${result.stderr}`));
    });
    // kubectl may end before it has read everything (a refused flag): its exit code says more than EPIPE does.
    child.stdin.on('error', () => undefined).end(options.stdin ?? '');
  });
};

/** The objects that `kubectl … -o json` gives: of a List its items, else the one. */
export const kubectlObjects = async (args: readonly string[], options: KubectlOptions = {}): Promise<LiveObject[]> => {
  const { stdout } = await kubectl([...args, '-o', 'json'], options);
  if (stdout.trim() === '') return [];
  const parsed = JSON.parse(stdout) as LiveObject & { items?: LiveObject[] };
  return parsed.items ?? [parsed];
};

/** Speaks to the API server as an administrator, bytes as given; no status throws. */
export const api = (call: ApiRequest): Promise<ApiAnswer> => request(controlPlane(), call);

// — fixtures ——————————————————————————————————————————————————————————————————————————————————————————————————

let namespaces = 0;

/** A namespace nobody else uses, with its default ServiceAccount; deleted with everything else when the run ends. */
export const newNamespace = async (prefix: string): Promise<string> => {
  const name = `${prefix}-${process.pid}-${++namespaces}`;
  await kubectl(['create', 'namespace', name]);
  await eventually(`ServiceAccount of ${name}`, async () => {
    const answer = await api({ method: 'GET', path: `/api/v1/namespaces/${name}/serviceaccounts/default` });
    return answer.status === 200;
  });
  return name;
};

/** Applies crds/ the way the README says and waits until each is served. Safe to call from several suites. */
export const installCrds = async (): Promise<void> => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', CRD_DIRECTORY]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', CRD_DIRECTORY]);
};

/** A file with a kubeconfig for `identity`, in the control plane's directory. */
export const newKubeconfig = async (identity: Identity, options: KubeconfigOptions = {}): Promise<string> => {
  const directory = await mkdtemp(join(controlPlane().directory, 'kubeconfig-'));
  const file = join(directory, 'kubeconfig');
  await writeFile(file, kubeconfigOf(controlPlane(), identity, options), { mode: 0o600 });
  return file;
};

/** A token of a ServiceAccount, from the TokenRequest API. `seconds`: at least 600, the server says. */
export const newToken = async (namespace: string, serviceAccount: string, seconds = 3600): Promise<string> => {
  const { stdout } = await kubectl(['create', 'token', serviceAccount, '-n', namespace, `--duration=${seconds}s`]);
  return stdout.trim();
};

/** A directory in the control plane's own; gone with it. */
export const newDirectory = async (): Promise<{ path: string; remove: () => Promise<void> }> => {
  const path = await mkdtemp(join(controlPlane().directory, 'test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
};

/** Resolves as soon as `holds` gives true; rejects with `what` after `timeoutMs` (default 30 s) and the last error. */
export const eventually = async (what: string, holds: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await wait(50);
  }
  throw new Error(`not within ${timeoutMs / 1000} s: ${what}`, { cause: last });
};

// — the audit log —————————————————————————————————————————————————————————————————————————————————————————————

/** One request that the API server answered. */
export interface AuditEvent {
  readonly verb: string;
  readonly user: string;
  /** `pods`, `pods/status`; empty for what isn't a resource (`/readyz`). */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly status: number;
  readonly dryRun: boolean;
  readonly time: string;
}

/** A place in the audit log: what is written later comes after it. */
export type AuditMark = number & { readonly mark?: 'audit' };

/** The end of the audit log as it is now. The server writes it before it answers, so nothing done before is missed. */
export const auditMark = (): AuditMark => statSync(controlPlane().auditLog).size;

export interface AuditFilter {
  readonly since?: AuditMark;
  /** Exactly this user name. */
  readonly user?: string;
}

/** Finished requests, in the order of the log. */
export const auditEvents = (filter: AuditFilter = {}): AuditEvent[] => {
  const log = readFileSync(controlPlane().auditLog)
    .subarray(filter.since ?? 0)
    .toString();
  const whole = log.slice(0, log.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RawAuditEvent)
    .filter((event) => event.stage === 'ResponseComplete')
    .map(toAuditEvent)
    .filter((event) => filter.user === undefined || event.user === filter.user);
};

interface RawAuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string };
  readonly objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  readonly responseStatus?: { readonly code: number };
  readonly stageTimestamp: string;
}

const toAuditEvent = (raw: RawAuditEvent): AuditEvent => ({
  verb: raw.verb,
  user: (raw.impersonatedUser ?? raw.user).username,
  resource: [raw.objectRef?.resource, raw.objectRef?.subresource].filter(Boolean).join('/'),
  namespace: raw.objectRef?.namespace,
  name: raw.objectRef?.name,
  status: raw.responseStatus?.code ?? 0,
  dryRun: /[?&]dryRun=All/.test(raw.requestURI),
  time: raw.stageTimestamp,
});

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** How many writes of each kind reached the server, failed ones too, dry runs not: `{ 'patch pods/status': 3 }`. */
export const writes = (filter: AuditFilter = {}): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const event of auditEvents(filter)) {
    if (!WRITES.has(event.verb) || event.dryRun) continue;
    const key = `${event.verb} ${event.resource}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
};
