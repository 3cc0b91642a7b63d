import { EventRecorder } from '../../controllers/runtime/events';
import { silentLogger } from '../../controllers/runtime/log';
import { Workshop } from './toy';

describe('the recorder of Events', () => {
  test('drops what is too much for one object, and says how many', async () => {
    const shop = new Workshop();
    const toy = await shop.toy('a', {});
    const { clock, metrics } = shop;
    const client = shop.cluster.client({ user: 'operator' });
    const recorder = new EventRecorder({ client, clock, logger: silentLogger, metrics, identity: 'one' });
    const record = (n: number) =>
      recorder.record(
        toy,
        { type: 'Warning', reason: 'Flood', message: `message ${n}` },
        `${n}`,
        new AbortController().signal,
      );
    for (let n = 0; n < 30; n += 1) await record(n);
    expect((await shop.names({ apiVersion: 'v1', kind: 'Event' })).length).toBe(25);
    expect(await metrics.text()).toContain('weka_operator_events_dropped_total{reason="rate"} 5');
    await shop.pass(300_000);
    await record(30);
    expect((await shop.names({ apiVersion: 'v1', kind: 'Event' })).length).toBe(26);
  });
});
