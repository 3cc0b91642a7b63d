import type { JsonValue } from '../../lib/base/json';
import { describeCluster } from '../cluster/harness';
import { playAll } from './behaviour';
import type { RealBackend } from './real-backend';
import { realBackend } from './real-backend';
import { isRecording, readRecording, writeRecording } from './recording';
import { BEHAVIOURS } from './table';

jest.setTimeout(180_000);

describeCluster(`${BEHAVIOURS.length} behaviours on a real API server are as they were recorded`, () => {
  const recorded = readRecording();
  const outcomes: Record<string, JsonValue> = {};
  let backend: RealBackend;
  let played: ReturnType<typeof playAll>;
  beforeAll(async () => {
    backend = await realBackend();
    played = playAll(() => backend, BEHAVIOURS, 8);
  });
  afterAll(async () => {
    await Promise.allSettled(played.values());
    await backend.stop();
    if (isRecording()) writeRecording(outcomes);
  });

  test.each(BEHAVIOURS.map(({ says }) => says))('%s', async (says) => {
    const outcome = await played.get(says);
    outcomes[says] = outcome ?? null;
    if (!isRecording()) expect(outcome).toEqual(recorded[says]);
  });
});
