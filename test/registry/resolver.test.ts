import { registryCall } from '../../controllers/registry/registry-call';
import type { RegistryCallOptions } from '../../controllers/registry/registry-call';
import { RegistryResolver } from '../../controllers/registry/resolver';
import { fillIn, ERRORS } from '../../lib/base/errors';
import type { ErrorCode } from '../../lib/base/errors';
import { packageId, packagePath } from '../../lib/drivers/package';
import { ownLayout, wekaLayout } from '../../lib/drivers/package-namer';
import { WEKA_REGISTRY } from '../../lib/drivers/registry-answer';
import type { RegistryAnswer } from '../../lib/drivers/registry-answer';
import { seededRandom, VirtualClock } from '../fakes/clock';
import type { Authority } from '../kube/certificates';
import { makeAuthority } from '../kube/certificates';
import type { Manners, RegistryServer } from './registry-server';
import { startProxy, startRegistry, until } from './registry-server';

const DIGEST = 'ab'.repeat(32);
const key = (kernel = '6.1.0-18-amd64', wekaVersion = '4.4.5') => ({ wekaVersion, kernel, architecture: 'amd64' });
const pathOf = (kernel?: string) => `${packagePath(packageId(key(kernel)))}.sha256`;

const good: Manners = ({ url = '' }, response) =>
  response.end(`${DIGEST}  ${url.slice(url.lastIndexOf('/') + 1).replace(/\.sha256$/, '')}\n`);
const status =
  (code: number): Manners =>
  (_request, response) =>
    response.writeHead(code).end('x');
const body =
  (text: string): Manners =>
  (_request, response) =>
    response.end(text);

describe('a registry that is asked over the network', () => {
  let authority: Authority;
  let server: RegistryServer;
  let clock: VirtualClock;
  let resolver: RegistryResolver;
  let hints: string[];

  beforeAll(() => {
    authority = makeAuthority('registry', 'DNS:drivers.example');
  });
  afterAll(() => authority.remove());

  const start = async (manners: Manners, more: Partial<RegistryCallOptions> & { offline?: boolean } = {}) => {
    server = await startRegistry(manners, authority);
    clock = new VirtualClock();
    const { offline = false, ...call } = more;
    resolver = new RegistryResolver({
      clock,
      random: seededRandom(),
      call: registryCall({ clock, extraCA: authority.ca, ...call }),
      offline,
    });
    hints = [];
    resolver.onAnswer((hint) => hints.push(hint));
  };
  afterEach(async () => {
    resolver.close();
    await server.stop();
  });

  const answer = (kernel?: string, url = server.url): RegistryAnswer => resolver.answer(url, key(kernel));
  /** The first answer other than pending. */
  const answered = async (kernel?: string, url = server.url): Promise<RegistryAnswer> => {
    await until(() => answer(kernel, url).state !== 'pending');
    return answer(kernel, url);
  };

  /** Time goes on in steps, each as long as calls on real sockets need. */
  const pass = async (ms: number, stepMs: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };

  /**
   * Time goes on until it has happened. A call that takes longer than its timeout in virtual time is one that failed: each
   * step gives calls more real time than the one before, so that a busy machine comes to its answers too.
   */
  const passUntil = async (condition: () => boolean): Promise<void> => {
    for (let step = 1; !condition(); step++) {
      if (step > 400) throw new Error('it did not happen');
      await clock.advance(5_000);
      await new Promise((resolve) => setTimeout(resolve, step));
    }
  };

  it('tells the digest and where the package is, and then asks no more', async () => {
    await start(good);
    expect(answer()).toEqual({ state: 'pending' });
    expect(await answered()).toEqual({
      state: 'found',
      url: `${server.url}${packagePath(packageId(key()))}`,
      sha256: DIGEST,
    });
    expect(hints).toEqual([packageId(key())]);
    await clock.advance(86_400_000);
    expect(server.paths).toEqual([pathOf()]);
  });

  it('asks once, however many want to know', async () => {
    await start(good);
    for (let node = 0; node < 1_000; node++) answer();
    await answered();
    expect(server.paths).toHaveLength(1);
  });

  it('takes a 404 as its word, and looks again an hour later', async () => {
    await start(status(404));
    expect(await answered()).toEqual({ state: 'absent' });
    server.manners = good;
    await clock.advance(29 * 60_000);
    expect(server.paths).toHaveLength(1);
    await pass(31 * 60_000, 10_000);
    await passUntil(() => answer().state === 'found');
  });

  const endless: Manners = (_request, response) => {
    response.writeHead(200);
    const more = (): void => void (response.destroyed || response.write('x'.repeat(4_096), () => setImmediate(more)));
    more();
  };
  const circle: Manners = ({ url = '' }, response) => response.writeHead(302, { location: url }).end();
  const nowhere: Manners = (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  const downgrade: Manners = (_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${server.port}/` }).end();
  const cut: Manners = (_request, response) => {
    response.writeHead(200, { 'content-length': '70' });
    response.write(DIGEST.slice(0, 30), () => response.destroy());
  };
  const slam: Manners = ({ socket }) => socket.destroy();

  test.each<[string, Manners, ErrorCode]>([
    ['401', status(401), 'RegistryRefused'],
    ['403', status(403), 'RegistryRefused'],
    ['429', status(429), 'RegistryFailed'],
    ['500', status(500), 'RegistryFailed'],
    ['503', status(503), 'RegistryFailed'],
    ['400', status(400), 'RegistryAnswerInvalid'],
    ['204', status(204), 'RegistryAnswerInvalid'],
    ['an empty body', body(''), 'RegistryAnswerInvalid'],
    ['a web page', body('<html><body>Please log in</body></html>'), 'RegistryAnswerInvalid'],
    ['half a digest', body(DIGEST.slice(0, 63)), 'RegistryAnswerInvalid'],
    ['the digest of another file', body(`${DIGEST}  other.tar.gz\n`), 'RegistryAnswerInvalid'],
    ['a body without end', endless, 'RegistryAnswerInvalid'],
    ['a body that is cut', cut, 'RegistryAnswerInvalid'],
    ['a redirect in a circle', circle, 'RegistryAnswerInvalid'],
    ['a redirect to a file', nowhere, 'RegistryAnswerInvalid'],
    ['a redirect to http', downgrade, 'RegistryAnswerInvalid'],
    ['a connection that is slammed', slam, 'RegistryUnreachable'],
  ])('never takes %s as an answer', async (_what, manners, code) => {
    await start(manners);
    const told = await answered();
    expect(told).toMatchObject({ state: 'unknown', failure: { code } });
    const { parameters } = (told as Extract<RegistryAnswer, { state: 'unknown' }>).failure;
    expect(fillIn(ERRORS[code].summary, parameters)).not.toMatch(/[{}]/);
  });

  it('gives up on a registry that says nothing, and finds it when it speaks', async () => {
    await start(() => undefined);
    answer();
    await until(() => server.paths.length === 1);
    await clock.advance(20_000);
    expect(await answered()).toMatchObject({
      state: 'unknown',
      failure: { code: 'RegistryUnreachable', parameters: { cause: 'no answer within 20 s' } },
    });
    server.manners = good;
    await clock.advance(2_000);
    await until(() => answer().state === 'found');
  });

  it('follows redirects, up to three', async () => {
    const hops =
      (count: number): Manners =>
      (request, response) => {
        const hop = Number(new URL(request.url ?? '', server.url).searchParams.get('hop') ?? 0);
        if (hop === count) return void response.end(DIGEST);
        response.writeHead(307, { location: `/elsewhere?hop=${hop + 1}` }).end();
      };
    await start(hops(3));
    expect(await answered('a')).toMatchObject({ state: 'found', sha256: DIGEST });
    server.manners = hops(4);
    expect(await answered('b')).toMatchObject({ failure: { code: 'RegistryAnswerInvalid' } });
  });

  it('trusts the extra CA, and nobody without it', async () => {
    await start(good);
    expect((await answered()).state).toBe('found');
    const strict = new RegistryResolver({ clock, random: seededRandom(), call: registryCall({ clock }) });
    const told = (): RegistryAnswer => strict.answer(server.url, key());
    await until(() => told().state !== 'pending');
    expect(told()).toMatchObject({ state: 'unknown', failure: { code: 'RegistryUntrusted' } });
    strict.close();
  });

  it('judges a registry that is down once, not once a package', async () => {
    await start(status(503));
    const kernels = Array.from({ length: 50 }, (_, index) => `6.1.${index}`);
    for (const kernel of kernels) answer(kernel);
    await until(() => kernels.every((kernel) => answer(kernel).state === 'unknown'));
    expect(server.paths.length).toBeLessThanOrEqual(4);
    const since = kernels.map((kernel) => (answer(kernel) as { since?: number }).since);
    expect(new Set(since).size).toBe(1);
    const before = server.paths.length;
    await pass(600_000, 10_000);
    // One probe at a time, with growing pauses.
    expect(server.paths.length - before).toBeLessThan(12);
    server.manners = good;
    await pass(300_000, 10_000);
    await passUntil(() => kernels.every((kernel) => answer(kernel).state === 'found'));
    expect((answer(kernels[0]) as { since?: number }).since).toBeUndefined();
  });

  it('finds out that only one package is refused', async () => {
    await start((request, response) =>
      request.url === pathOf('refused') ? status(403)(request, response) : good(request, response),
    );
    answer('refused');
    answer('other');
    await until(() => answer('other').state === 'found' && answer('refused').state !== 'pending');
    await pass(200_000, 10_000);
    await passUntil(() => answer('refused').state === 'unknown');
    expect(await answered('later')).toMatchObject({ state: 'found' });
    expect(answer('refused')).toMatchObject({ state: 'unknown', failure: { code: 'RegistryRefused' } });
  });

  it('opens not one socket when it is offline', async () => {
    await start(good, { offline: true });
    const call = jest.fn(() => Promise.reject<never>(new Error('called')));
    const closed = new RegistryResolver({ clock, random: seededRandom(), call, offline: true });
    expect(closed.answer(server.url, key())).toMatchObject({ state: 'unknown' });
    expect(answer()).toMatchObject({ state: 'unknown', failure: { parameters: { cause: 'this site is offline' } } });
    await clock.advance(86_400_000);
    expect([server.paths, call.mock.calls]).toEqual([[], []]);
  });

  it('goes through the proxy with its credentials, and speaks TLS to the registry behind it', async () => {
    await start(good);
    const proxy = await startProxy(server.port);
    const through = (noProxy: readonly string[]) =>
      new RegistryResolver({
        clock,
        random: seededRandom(),
        call: registryCall({ clock, extraCA: authority.ca, proxy: { url: proxy.url, noProxy } }),
      });
    const proxied = through([]);
    await until(() => proxied.answer('https://drivers.example', key()).state === 'found');
    expect(proxy.asked).toEqual(['drivers.example:443']);
    expect(Buffer.from(proxy.credentials[0]!.replace('Basic ', ''), 'base64').toString()).toBe('user:p@ss');
    // NO_PROXY: the host is then looked up, and does not exist.
    const direct = through(['.example']);
    await until(() => direct.answer('https://drivers.example', key()).state === 'unknown');
    expect(proxy.asked).toHaveLength(1);
    proxied.close();
    direct.close();
    await proxy.stop();
  });

  it('says what the proxy answers, and never its credentials', async () => {
    await start(good);
    const proxy = await startProxy(0);
    const refused = new RegistryResolver({
      clock,
      random: seededRandom(),
      call: registryCall({ clock, proxy: { url: proxy.url, noProxy: [] } }),
    });
    const told = (): RegistryAnswer => refused.answer('https://drivers.example', key());
    await until(() => told().state === 'unknown');
    expect(told()).toMatchObject({ failure: { parameters: { cause: 'the proxy answers 407' } } });
    expect(JSON.stringify(told())).not.toMatch(/p@ss|p%40ss/);
    refused.close();
    await proxy.stop();
  });
});

describe('names of packages', () => {
  const clock = new VirtualClock();
  const never = (): Promise<never> => Promise.reject(new Error('called'));
  const resolver = new RegistryResolver({ clock, random: seededRandom(), call: never });

  it('are not known at WEKA’s registry as long as the signature of the kernel is not: nothing is asked, nothing absent', () => {
    expect(resolver.answer(WEKA_REGISTRY, key())).toMatchObject({
      state: 'unknown',
      failure: { code: 'PackageNameUnknown' },
      since: clock.now(),
    });
  });

  test.each([
    ['a learned signature', 'f00d', '/dist/v1/drivers/4.4.5-f00d.tar.gz'],
    ['no signature', undefined, undefined],
    ['a signature that leaves the directory', '../../x', undefined],
    ['a signature that is another path', 'a/b', undefined],
  ])('of %s', (_sentence, signature, path) => expect(wekaLayout(() => signature).path(key())).toBe(path));

  it('follow from the key everywhere else', () => expect(ownLayout.path(key())).toBe(packagePath(packageId(key()))));
});
