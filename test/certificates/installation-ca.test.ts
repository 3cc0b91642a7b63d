import { X509Certificate } from 'node:crypto';
import { certificateRequest, newServingKey } from '../../agents/shared/certificate-request';
import { InstallationCA } from '../../controllers/certificates/installation-ca';
import { CertificateIssuer } from '../../controllers/certificates/issuer';
import { makeAuthority } from '../../controllers/certificates/x509';
import { apiError } from '../../controllers/kube/api-error';
import type { LogEntry } from '../../controllers/runtime/log';
import { loggerTo } from '../../controllers/runtime/log';
import {
  authorityOf,
  authoritySecret,
  bundleOf,
  caConfigMap,
  readAuthorities,
  secretOf,
} from '../../lib/operator/authority-secret';
import { authorityValidity, SERVING_MS, SPREAD_MS } from '../../lib/operator/certificate-plan';
import type { ClientCall } from '../../sim/client';
import type { SimCluster } from '../../sim/cluster';
import { createSimCluster } from '../../sim/cluster';
import { seededRandom } from '../../sim/random';

const namespace = 'weka-operator-system';
const DAY = 24 * 3600_000;
const YEAR = 365 * DAY;
const SECRET = authoritySecret(namespace);
const ADMIN = { user: 'admin', manager: 'kubectl' };

describe('the installation CA', () => {
  let cluster: SimCluster;
  let calls: ClientCall[];
  let lines: LogEntry[];
  let stop: AbortController;
  let away: boolean;
  beforeEach(() => {
    cluster = createSimCluster({ seed: 1, namespaces: [namespace] });
    [calls, lines, away, stop] = [[], [], false, new AbortController()];
  });
  afterEach(() => stop.abort(new Error('the test is over')));

  const anotherCA = (user = 'weka-operator'): InstallationCA =>
    new InstallationCA({
      client: cluster.client({
        user,
        faults: {
          call: (call, proceed) => {
            calls.push(call);
            if (!away) return proceed();
            const failure = { status: 0, reason: undefined, message: 'connection refused' };
            throw apiError(failure, { verb: call.verb, object: 'Secret', resource: 'secrets', server: 'https://api' });
          },
          deliver: (_delivery, proceed) => proceed(),
        },
      }),
      clock: cluster.clock,
      random: seededRandom(1),
      logger: loggerTo((line) => lines.push(line)),
      namespace,
    });
  /** Leads, and gives virtual time to whatever it waits for. */
  const lead = async (ca: InstallationCA, forMs = 60_000): Promise<boolean> => {
    let led = false;
    ca.lead(undefined, stop.signal).then(
      () => (led = true),
      () => undefined,
    );
    await cluster.clock.run({ forMs, until: () => led });
    return led;
  };
  const stored = (): string[] => {
    const secret = cluster.get(SECRET);
    const read = secret === undefined ? { authorities: [] } : readAuthorities(secret);
    if ('problem' in read) throw new Error(read.problem);
    return read.authorities.map(({ certificate }) => certificate);
  };
  const store = (...made: readonly number[]): void => {
    const authorities = made.map((at) => {
      const { certificate, key } = makeAuthority(authorityValidity(at));
      return authorityOf(certificate, key);
    });
    cluster.server.create(secretOf(namespace, authorities), ADMIN);
  };
  const trusted = (ca: InstallationCA): number => ca.caBundle()?.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

  test('the first leader makes it: one Secret, of which the certificate is what everybody trusts', async () => {
    const ca = anotherCA();
    expect(ca.caBundle()).toBeUndefined();
    expect(await lead(ca)).toBe(true);
    expect(stored()).toEqual([ca.caBundle()]);
    const certificate = new X509Certificate(ca.caBundle()!);
    expect(certificate.ca).toBe(true);
    expect(Date.parse(certificate.validTo) - cluster.clock.now()).toBeGreaterThan(9.9 * YEAR);
    expect(ca.signer()?.certificate).toBe(ca.caBundle());
  });

  test('is fetched by name and never listed or watched; its keys are in no line of the log', async () => {
    await lead(anotherCA());
    await cluster.clock.run({ forMs: DAY });
    expect(new Set(calls.map(({ verb }) => verb))).toEqual(new Set(['get', 'create']));
    expect(calls.filter(({ verb }) => verb === 'create')).toHaveLength(1);
    expect(lines.map(({ msg }) => msg)).toEqual(['Made a certificate authority']);
    expect(JSON.stringify(lines)).not.toContain('PRIVATE KEY');
  });

  test('a process that stands by makes none, and reads the one that the leader made', async () => {
    const idle = anotherCA('idle');
    idle.standBy(stop.signal);
    await cluster.clock.run({ forMs: 60_000 });
    expect(cluster.get(SECRET)).toBeUndefined();
    expect(idle.waitingFor).toBeUndefined();
    const ca = anotherCA('leader');
    await lead(ca);
    await cluster.clock.run({ forMs: 60_000, until: () => idle.caBundle() !== undefined });
    expect(idle.caBundle()).toBe(ca.caBundle());
  });

  test('two that take themselves for the leader end with one and the same', async () => {
    const [one, two] = [anotherCA('one'), anotherCA('two')];
    await Promise.all([lead(one), lead(two)]);
    expect(calls.filter(({ verb }) => verb === 'create')).toHaveLength(2);
    expect(one.caBundle()).toBe(two.caBundle());
    expect(stored()).toEqual([one.caBundle()]);
  });

  test('a leader that crashed right after it had made one: the next reads it', async () => {
    const gone = anotherCA('gone');
    await lead(gone);
    stop.abort(new Error('killed'));
    stop = new AbortController();
    const next = anotherCA('next');
    await lead(next);
    expect(next.caBundle()).toBe(gone.caBundle());
  });

  test('rotation: trusted first, signing after a day, the old one goes when nothing that it signed is left', async () => {
    store(cluster.clock.now() - 8.1 * YEAR);
    const [old] = stored();
    const ca = anotherCA();
    const bundles: (string | undefined)[] = [];
    ca.onChange(() => bundles.at(-1) === ca.caBundle() || bundles.push(ca.caBundle()));
    await lead(ca);
    const [, made] = [...stored()].sort((a) => (a === old ? -1 : 1));
    expect(ca.caBundle()).toBe(`${old}${made}`);
    expect(ca.signer()?.certificate).toBe(old);
    await cluster.clock.run({ forMs: SPREAD_MS });
    expect(ca.signer()?.certificate).toBe(made);
    expect(trusted(ca)).toBe(2);
    await cluster.clock.run({ forMs: SERVING_MS - DAY });
    expect(trusted(ca)).toBe(2);
    await cluster.clock.run({ forMs: 2 * DAY });
    expect(ca.caBundle()).toBe(made);
    expect(stored()).toEqual([made]);
    expect(bundles).toEqual([`${old}${made}`, made]);
  });

  test('whoever stands by follows a rotation within an hour', async () => {
    store(cluster.clock.now() - 8.1 * YEAR);
    const idle = anotherCA('idle');
    idle.standBy(stop.signal);
    await cluster.clock.run({ forMs: 1_000 });
    expect(trusted(idle)).toBe(1);
    await lead(anotherCA('leader'));
    await cluster.clock.run({ forMs: 3600_000 });
    expect(trusted(idle)).toBe(2);
  });

  test('all have expired while the operator was down: a new one signs at once', async () => {
    store(cluster.clock.now() - 11 * YEAR);
    const [old] = stored();
    const ca = anotherCA();
    await lead(ca);
    expect(stored()).toEqual([ca.caBundle()]);
    expect(ca.caBundle()).not.toBe(old);
    expect(ca.signer()?.certificate).toBe(ca.caBundle());
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['empty', {}, /holds no authority/],
    ['without the key', { 'authority-0123456789abcdef.crt': 'AAAA' }, /authority-0123456789abcdef\.crt and its \.key/],
    ['with something else', { 'tls.crt': 'AAAA', 'tls.key': 'AAAA' }, /holds no authority/],
  ])(
    'a Secret that is %s is never overwritten; the leader waits, says why, and goes on when it is gone',
    async (_what, data, why) => {
      cluster.server.create(
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET.name, namespace }, data },
        ADMIN,
      );
      const before = cluster.get(SECRET);
      const ca = anotherCA();
      expect(await lead(ca)).toBe(false);
      expect(ca.waitingFor?.message).toMatch(/Secret\/weka-operator-system\/weka-operator-ca, is not usable/);
      expect(ca.waitingFor?.message).toMatch(why);
      expect(ca.waitingFor?.remedy).toMatch(/delete it: a new authority is made at once/);
      expect(cluster.get(SECRET)).toEqual(before);
      cluster.server.delete(SECRET, { ...ADMIN, propagation: 'Background' });
      await cluster.clock.run({ forMs: 60_000, until: () => ca.caBundle() !== undefined });
      expect(ca.waitingFor).toBeUndefined();
      expect(stored()).toEqual([ca.caBundle()]);
    },
  );

  test('the API server is away: the leader waits; later it keeps what it has', async () => {
    away = true;
    const ca = anotherCA();
    expect(await lead(ca)).toBe(false);
    expect(ca.waitingFor?.code).toBe('ApiUnreachable');
    away = false;
    await cluster.clock.run({ forMs: 60_000, until: () => ca.caBundle() !== undefined });
    expect(ca.waitingFor).toBeUndefined();
    const bundle = ca.caBundle();
    away = true;
    await cluster.clock.run({ forMs: 2 * 3600_000 });
    expect(ca.waitingFor?.code).toBe('ApiUnreachable');
    expect(ca.caBundle()).toBe(bundle);
  });

  test('somebody deletes the Secret: within an hour another authority is made, and signs', async () => {
    const ca = anotherCA();
    await lead(ca);
    const before = ca.caBundle();
    cluster.server.delete(SECRET, { ...ADMIN, propagation: 'Background' });
    await cluster.clock.run({ forMs: 3600_000 });
    expect(ca.caBundle()).not.toBe(before);
    expect(stored()).toEqual([ca.caBundle()]);
  });

  test('gives agents its certificates by a ConfigMap, and never a key', async () => {
    const ca = anotherCA();
    await lead(ca);
    const manifest = caConfigMap('storage', ca.caBundle()!);
    expect(manifest).toMatchObject({ metadata: { name: 'weka-operator-ca', namespace: 'storage' } });
    expect(manifest['data']).toEqual({ 'ca.crt': ca.caBundle() });
    expect(JSON.stringify(manifest)).not.toContain('PRIVATE');
  });

  describe('signs requests of agents', () => {
    const request = certificateRequest(newServingKey(), 'asks-for-this.example');
    const names = ['dist.storage.svc', '10.0.0.7'];
    const read = (chain: string | undefined): X509Certificate => new X509Certificate(chain ?? '');

    test('for the names that the operator says, whatever the request asks for', async () => {
      const ca = anotherCA();
      await lead(ca);
      const certificate = read(new CertificateIssuer(ca, cluster.clock).signRequest(request, names));
      expect(certificate.subjectAltName).toBe('DNS:dist.storage.svc, IP Address:10.0.0.7');
      expect(certificate.checkHost('asks-for-this.example')).toBeUndefined();
      expect(certificate.toString() + bundleOf([ca.signer()!])).toContain('BEGIN CERTIFICATE');
    });

    test('equal arguments give an equal certificate until two thirds of its life; then another, for the same key', async () => {
      const ca = anotherCA();
      await lead(ca);
      const issuer = new CertificateIssuer(ca, cluster.clock);
      const first = issuer.signRequest(request, names);
      await cluster.clock.run({ forMs: 59 * DAY });
      expect(issuer.signRequest(request, names)).toBe(first);
      expect(issuer.signRequest(request, ['other.svc'])).not.toBe(first);
      await cluster.clock.run({ forMs: DAY });
      const second = issuer.signRequest(request, names);
      expect(second).not.toBe(first);
      expect(read(second).publicKey.equals(read(first).publicKey)).toBe(true);
    });

    test('what an authority signed that is not trusted any more is signed anew at once', async () => {
      const ca = anotherCA();
      await lead(ca);
      const issuer = new CertificateIssuer(ca, cluster.clock);
      const [first, own] = [issuer.signRequest(request, names), issuer.serving(names)];
      const served = own();
      cluster.server.delete(SECRET, { ...ADMIN, propagation: 'Background' });
      await cluster.clock.run({ forMs: 3600_000 });
      expect(read(issuer.signRequest(request, names)).checkIssued(read(ca.caBundle()))).toBe(true);
      expect(issuer.signRequest(request, names)).not.toBe(first);
      expect(own()).not.toEqual(served);
    });

    test('not before there is an authority, not without a name, not what is no request', async () => {
      const ca = anotherCA();
      const issuer = new CertificateIssuer(ca, cluster.clock);
      expect(issuer.signRequest(request, names)).toBeUndefined();
      await lead(ca);
      expect(issuer.signRequest(request, [])).toBeUndefined();
      expect(issuer.signRequest('-----BEGIN CERTIFICATE REQUEST-----', names)).toBeUndefined();
      expect(issuer.signRequest(request, names)).toBeDefined();
    });
  });
});
