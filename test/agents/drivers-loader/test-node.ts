import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDriver } from '../../../agents/drivers-loader/load';
import type { LoadSettings } from '../../../agents/drivers-loader/settings';
import type { FetchLimits } from '../../../agents/drivers-loader/fetch-package';
import { fetchPackage } from '../../../agents/drivers-loader/fetch-package';
import type { Log } from '../../../agents/shared/log';
import { createLog } from '../../../agents/shared/log';
import type { LoadResult } from '../../../lib/drivers/agent-result';
import { packageId, packagePath } from '../../../lib/drivers/package';
import type { IndexEntry } from '../../../lib/drivers/package-index';
import { shardsOf } from '../../../lib/drivers/package-index';
import { createAuthority, issue } from '../../cluster/certificates';
import { goodServer, serveOn } from '../shared/misbehaving-server';
import type { TestServer } from '../shared/misbehaving-server';
import { FakeKernel } from './fake-kernel';
import type { TestPackage } from './packages';
import { WEKA_VERSION } from './packages';

const authority = createAuthority('installation');
const serving = issue(
  authority,
  { commonName: 'installation' },
  { subject: { commonName: 'dist' }, hosts: ['127.0.0.1'] },
);

/** A node: real directories, a real server to fetch from, and a kernel that behaves. */
export class TestNode {
  readonly kernel = new FakeKernel();
  readonly lines: string[] = [];
  /** How each package is served, by path. */
  readonly served = new Map<string, RequestListener>();
  server!: TestServer;
  root!: string;
  limits: FetchLimits = { attempts: 3, deadlineMs: 20_000, idleMs: 10_000 };
  settings!: LoadSettings;
  readonly stop = new AbortController();

  static async start(): Promise<TestNode> {
    const node = new TestNode();
    node.root = await mkdtemp(join(tmpdir(), 'weka-operator-loader-'));
    node.server = await serveOn(
      (request, response) => {
        const listener = node.served.get(request.url ?? '');
        if (listener === undefined) response.writeHead(404).end();
        else listener(request, response);
      },
      { key: serving.key, cert: serving.certificate },
    );
    await mkdir(join(node.root, 'index', '0'), { recursive: true });
    await writeFile(join(node.root, 'ca.crt'), authority.certificate);
    node.settings = {
      wekaVersion: WEKA_VERSION,
      distUrl: node.server.url,
      caFile: join(node.root, 'ca.crt'),
      nodeName: 'node-1',
      indexDirectory: join(node.root, 'index'),
      cacheDirectory: join(node.root, 'k8s-weka', 'drivers'),
      stateDirectory: join(node.root, 'state'),
      sysDirectory: '/sys',
      terminationLog: join(node.root, 'termination-log'),
      jitterSeconds: 0,
    };
    return node;
  }

  get cache(): string {
    return this.settings.cacheDirectory;
  }

  /** Requests for packages so far. */
  get fetches(): number {
    return this.server.requests.length;
  }

  /** Names in the cache directory, the lock left out, sorted. */
  async cached(): Promise<string[]> {
    return (await readdir(this.cache)).filter((name) => name !== '.lock').sort();
  }

  /** As the operator writes it and the kubelet mounts it. */
  async index(...entries: readonly IndexEntry[]): Promise<void> {
    const { shards } = shardsOf(entries);
    for (const [shard, data] of shards.entries()) {
      await mkdir(join(this.settings.indexDirectory, String(shard)), { recursive: true });
      for (const [id, text] of Object.entries(data))
        await writeFile(join(this.settings.indexDirectory, String(shard), id), text);
    }
  }

  /** Serves a package and puts it into the index. */
  async offer({ bytes, entry }: TestPackage, listener: RequestListener = goodServer(bytes)): Promise<void> {
    this.served.set(packagePath(packageId(entry)), listener);
    await this.index(entry);
  }

  load(more: Partial<LoadSettings> = {}): Promise<LoadResult> {
    return loadDriver({
      host: this.kernel,
      settings: { ...this.settings, ...more },
      log: this.log(),
      signal: this.stop.signal,
      fetch: (entry, cache, settings, { signal }) =>
        fetchPackage(entry, cache, settings, { signal, limits: this.limits }),
    });
  }

  private log(): Log {
    return createLog({}, { write: (line) => this.lines.push(line) });
  }

  async end(): Promise<void> {
    await this.server.close();
    await rm(this.root, { recursive: true, force: true });
  }
}
