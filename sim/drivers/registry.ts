/** A registry of built drivers outside of the cluster, and whatever can be wrong with it. */
import type { Clock } from '../../controllers/runtime/clock';
import { OperatorError } from '../../lib/base/errors';
import type { AgentFailure } from '../../lib/drivers/agent-result';
import type { PackageKey } from '../../lib/drivers/package';
import { packageId, packagePath } from '../../lib/drivers/package';
import { plainSymbols } from './machine';
import type { PackageFile } from './package-file';
import { fileOf, flipped, packageFile, truncated } from './package-file';

/** What is wrong with the whole registry, or with one package: an answer that it gives, none, or bytes that are not right. */
export type RegistryTrouble = 401 | 403 | 500 | 503 | 'hangs' | 'truncated' | 'wrong digest' | 'no digest';

/** A call from inside of the cluster: each is a connection to the outside. */
export interface OutboundCall {
  readonly by: 'operator' | 'dist';
  readonly url: string;
}

const LATENCY_MS = 200;
const FETCH_MS = 3_000;
const PATIENCE_MS = 20_000;

export class SimRegistry {
  /** Every call so far. */
  readonly calls: OutboundCall[] = [];
  private readonly packages = new Map<string, PackageFile>();
  private readonly troubles = new Map<string, RegistryTrouble>();
  private clock: Clock | undefined;

  /** Whose time its answers take. */
  join(clock: Clock): void {
    this.clock = clock;
  }

  /** Has the package of a key from now on, under the name that operators of this project look for. */
  publish(key: PackageKey, signer?: string): PackageFile {
    const symbols = plainSymbols(key.kernel, key.architecture);
    const file = packageFile({ ...key, symbols, toolchain: 'registry', ...(signer === undefined ? {} : { signer }) });
    this.packages.set(packagePath(packageId(key)), file);
    return file;
  }

  /** From now on something is wrong (`undefined`: nothing), with one package or with all of them. */
  trouble(what: RegistryTrouble | undefined, key?: PackageKey): void {
    const path = key === undefined ? '' : packagePath(packageId(key));
    if (what === undefined) this.troubles.delete(path);
    else this.troubles.set(path, what);
  }

  /** What it says to who asks for a digest. Rejects with an OperatorError when it says nothing. */
  async ask(url: URL): Promise<{ readonly status: number; readonly body: string }> {
    this.calls.push({ by: 'operator', url: url.href });
    const path = url.pathname.replace(/\.sha256$/, '');
    const trouble = this.troubleAt(path);
    await this.pass(trouble === 'hangs' ? PATIENCE_MS : LATENCY_MS);
    if (trouble === 'hangs')
      throw new OperatorError('RegistryUnreachable', { server: url.host, cause: 'no answer within 20 s' });
    if (typeof trouble === 'number') return { status: trouble, body: '' };
    if (trouble === 'no digest') return { status: 200, body: '<html>Please sign in</html>' };
    const file = this.packages.get(path);
    return file === undefined ? { status: 404, body: '' } : { status: 200, body: `${file.sha256}\n` };
  }

  /** The bytes at a URL as they come, whole or not, or why none come. Whoever fetches must look at their digest. */
  async fetch(url: URL): Promise<PackageFile | AgentFailure> {
    this.calls.push({ by: 'dist', url: url.href });
    const trouble = this.troubleAt(url.pathname);
    await this.pass(trouble === 'hangs' ? PATIENCE_MS : FETCH_MS);
    const file = this.packages.get(url.pathname);
    const fail = (code: string, more: Readonly<Record<string, string>>): AgentFailure => ({
      code,
      parameters: { server: url.host, path: url.pathname, ...more },
    });
    if (trouble === 'hangs') return fail('RegistryUnreachable', { cause: 'no answer in time' });
    if (typeof trouble === 'number')
      return fail(trouble < 500 ? 'RegistryRefused' : 'RegistryFailed', { status: String(trouble) });
    if (file === undefined) return fail('PackageGone', { status: '404' });
    return this.delivered(file, trouble);
  }

  private delivered(file: PackageFile, trouble: RegistryTrouble | undefined): PackageFile {
    if (trouble === 'truncated') return truncated(file);
    if (trouble === 'wrong digest') return flipped(file);
    return trouble === undefined ? file : fileOf('<html>Please sign in</html>');
  }

  private troubleAt(path: string): RegistryTrouble | undefined {
    return this.troubles.get(path) ?? this.troubles.get('');
  }

  private pass(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock?.after(ms, resolve));
  }
}
