import type { JsonValue } from '../../lib/base/json';
import { playOn } from './behaviour';
import { embeddedBackend } from './embedded-backend';
import { KNOWN_DIFFERENCES } from './known-differences';
import { isRecording, readRecording } from './recording';
import { BEHAVIOURS } from './table';

const recorded = readRecording();

describe(`${BEHAVIOURS.length} behaviours on the embedded cluster are as they were recorded on a real one`, () => {
  // While a recording is made there is nothing to compare with.
  const compared = isRecording() ? [] : BEHAVIOURS;

  test.each(compared.map((behaviour) => [behaviour.says, behaviour] as const))('%s', async (says, behaviour) => {
    const expected: JsonValue | undefined = recorded[says];
    const outcome = await playOn(embeddedBackend(), behaviour);
    if (says in KNOWN_DIFFERENCES) expect(outcome).not.toEqual(expected);
    else expect(outcome).toEqual(expected);
  });

  test('each has another sentence, and every recorded one is played', () => {
    const sentences = BEHAVIOURS.map(({ says }) => says);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(Object.keys(KNOWN_DIFFERENCES).filter((says) => !sentences.includes(says))).toEqual([]);
    if (!isRecording()) expect(Object.keys(recorded).sort()).toEqual([...sentences].sort());
  });
});
