import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { makeAuthority } from '../../controllers/certificates/x509';
import { authorityOf, secretOf } from '../../lib/operator/authority-secret';
import { authorityValidity } from '../../lib/operator/certificate-plan';
import type { Clock } from '../../controllers/runtime/clock';
import { settle } from '../fakes/clock';
import { NAMESPACE, until, Workshop } from './workshop';

jest.setTimeout(120_000);

const DAY = 24 * 3600_000;
const YEAR = 365 * DAY;

/** A clock that leaps: what became due meanwhile happens once, at the end. Hours one by one would take minutes. */
class LeapingClock implements Clock {
  private timers: { readonly due: number; readonly wake: () => void }[] = [];

  constructor(private time: number) {}

  now(): number {
    return this.time;
  }

  after(ms: number, wake: () => void): () => void {
    const timer = { due: this.time + ms, wake };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((other) => other !== timer));
  }

  async leap(ms: number): Promise<void> {
    this.time += ms;
    const due = this.timers.filter((timer) => timer.due <= this.time);
    this.timers = this.timers.filter((timer) => timer.due > this.time);
    for (const { wake } of due) wake();
    for (let turns = 0; turns < 20; turns++) await settle();
  }
}

/** The serial number of the certificate that the gateway shows a newcomer. */
const shown = (shop: Workshop): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: shop.port, ca: shop.ca.caBundle() }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });

/** Asks again and again over new connections, trusting what it was given last; counts what went wrong. */
class Load {
  readonly failures: string[] = [];
  answered = 0;
  trusted: string;
  private readonly loops: Promise<void>[];
  private over = false;

  constructor(
    private readonly shop: Workshop,
    callers: number,
  ) {
    this.trusted = shop.ca.caBundle() ?? '';
    this.loops = Array.from({ length: callers }, () => this.loop());
  }

  async end(): Promise<void> {
    this.over = true;
    await Promise.all(this.loops);
  }

  private async loop(): Promise<void> {
    while (!this.over) {
      const agent = this.shop.container();
      const ask = this.shop.call('GET', '/v1/desired', { token: agent.token, agent: false, ca: this.trusted });
      await ask.then(
        ({ status }) => void (status === 204 ? this.answered++ : this.failures.push(`status ${status}`)),
        (error: Error) => void this.failures.push(error.message),
      );
    }
  }
}

test('an authority is rotated and certificates are renewed under load, and not one request fails', async () => {
  // Clients check certificates against the machine's clock: what is issued must be good by that one too.
  const clock = new LeapingClock(Date.now() - 89 * DAY);
  const shop = new Workshop({ clock });
  const { certificate, key } = makeAuthority(authorityValidity(clock.now() - 8.1 * YEAR));
  shop.cluster.server.create(secretOf(NAMESPACE, [authorityOf(certificate, key)]), {
    user: 'admin',
    manager: 'kubectl',
  });
  await shop.start();
  const first = new X509Certificate(certificate).serialNumber;
  const trusted = (): string[] =>
    (shop.ca.caBundle() ?? '')
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem).serialNumber);
  const seen = new Set([await shown(shop)]);
  expect(trusted()).toHaveLength(2);
  expect(trusted()[0]).toBe(first);

  const load = new Load(shop, 8);
  const served = async (): Promise<void> => {
    const before = load.answered;
    await until('they are served', () => load.answered > before + 20);
    seen.add(await shown(shop));
  };
  try {
    // Whoever came before the rotation trusts the old authority alone; their Pods see the new bundle within the day.
    load.trusted = certificate;
    await served();
    await clock.leap(DAY / 2);
    await served();
    load.trusted = shop.ca.caBundle()!;
    // The new one signs; the certificate is renewed; the old one may go; it goes.
    for (const days of [1, 59, 29, 2]) {
      await clock.leap(days * DAY);
      await served();
      load.trusted = shop.ca.caBundle()!;
    }
  } finally {
    await load.end();
  }

  expect(load.failures).toEqual([]);
  expect(load.answered).toBeGreaterThan(120);
  expect(seen.size).toBe(2);
  expect(trusted()).toHaveLength(1);
  expect(trusted()[0]).not.toBe(first);
  await shop.stop();
});

test('a connection that is open when the certificate is renewed goes on', async () => {
  const clock = new LeapingClock(Date.now() - 70 * DAY);
  const shop = new Workshop({ clock });
  await shop.start();
  const agent = shop.container();
  const waiting = shop.ask(agent, 50);
  await until('it waits', () => shop.tokens.reviews === 1);
  const before = await shown(shop);
  await clock.leap(61 * DAY);
  expect(await shown(shop)).not.toBe(before);
  await new Promise((resolve) => setTimeout(resolve, 50));
  shop.exchange.publish({ agent: agent.id, kind: 'DistDesired', body: {} });
  expect((await waiting).status).toBe(200);
  await shop.stop();
});
