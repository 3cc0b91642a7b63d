import { ManyAgents } from './many-agents';
import { Workshop } from './workshop';

jest.setTimeout(180_000);

const COUNT = 2_000;

describe('two thousand agents, each over its own TLS connection', () => {
  const shop = new Workshop();
  let all: ManyAgents;
  beforeAll(async () => {
    await shop.start();
    all = new ManyAgents(shop, COUNT);
    await all.settled();
  });
  afterAll(async () => {
    await all.stop();
    await shop.stop();
  });

  test('all are heard, each as the node that its Pod runs on, with one review a token', () => {
    expect(shop.exchange.reporters()).toHaveLength(COUNT);
    expect(shop.exchange.observed('node/node-1999')?.body).toMatchObject({ bootID: 'boot-1999' });
    expect(shop.tokens.reviews).toBe(COUNT);
    expect(shop.tokens.atOnce.most).toBeLessThanOrEqual(16);
  });

  test('what one is told wakes one', async () => {
    all.publish(7, 30);
    await all.heard(1);
    expect(all.told[7]).toBe(1);
    expect(await all.waiting()).toBeGreaterThanOrEqual(COUNT - 1);
  });

  test('what all are told all hear, once', async () => {
    for (let n = 0; n < COUNT; n++) all.publish(n, 60);
    await all.heard(COUNT + 1);
    expect(all.told.filter((times, n) => times !== (n === 7 ? 2 : 1))).toEqual([]);
  });

  test('another leader hears all of them again; nobody is told anything twice', async () => {
    await shop.restart();
    for (let n = 0; n < COUNT; n++) all.publish(n, 60);
    await all.settled();
    expect(shop.exchange.reporters()).toHaveLength(COUNT);
    expect(all.told.reduce((sum, one) => sum + one, 0)).toBe(COUNT + 1);
  });
});
