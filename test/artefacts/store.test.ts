import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory, isAlive, makeOnce } from './store';

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'weka-operator-store-'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

const text = (file: string): Promise<string> => readFile(join(place, file), 'utf8');
/** An id that no process has: one that has just ended. */
const deadPid = (): number => spawnSync('true').pid;

describe('where tests keep what takes minutes', () => {
  test.each([
    ['XDG_CACHE_HOME first', { XDG_CACHE_HOME: '/cache', HOME: '/home/me' }, '/cache/weka-operator/kernel/key'],
    ['then below HOME', { HOME: '/home/me' }, '/home/me/.cache/weka-operator/kernel/key'],
    [
      'an empty variable counts as none',
      { XDG_CACHE_HOME: '', HOME: '/home/me' },
      '/home/me/.cache/weka-operator/kernel/key',
    ],
  ])('%s', (_what, environment, expected) => {
    expect(cacheDirectory(environment, 'kernel', 'key')).toBe(expected);
  });
});

describe('making something once', () => {
  const make = (content: string) => async (unfinished: string) => writeFile(unfinished, content);

  test('it is made under another name and has its own when it is whole', async () => {
    await makeOnce(join(place, 'deep', 'thing'), async (unfinished) => {
      expect(unfinished).toBe(join(place, 'deep', `thing.building-${process.pid}`));
      await writeFile(unfinished, 'whole');
    });
    expect(await readdir(join(place, 'deep'))).toEqual(['thing']);
    expect(await text('deep/thing')).toBe('whole');
  });

  test('what is there is not made again', async () => {
    await makeOnce(join(place, 'thing'), make('first'));
    await makeOnce(join(place, 'thing'), make('second'));
    expect(await text('thing')).toBe('first');
  });

  test('a failure leaves nothing and is told', async () => {
    const failing = makeOnce(join(place, 'thing'), async (unfinished) => {
      await mkdir(unfinished);
      throw new Error('no space');
    });
    await expect(failing).rejects.toThrow('no space');
    expect(await readdir(place)).toEqual([]);
  });

  test('what a killed run left behind is swept, what a living one makes is not', async () => {
    await writeFile(join(place, `other.building-${deadPid()}`), '');
    await writeFile(join(place, `other.building-${process.ppid}`), '');
    await makeOnce(join(place, 'thing'), make('whole'));
    expect((await readdir(place)).sort()).toEqual([`other.building-${process.ppid}`, 'thing']);
  });

  test('of two that make the same directory at once one is kept, whole', async () => {
    const slow = makeOnce(join(place, 'thing'), async (unfinished) => {
      await mkdir(unfinished);
      await writeFile(join(unfinished, 'file'), 'slow');
      // The other finishes while this one still works.
      await mkdir(join(place, 'thing'));
      await writeFile(join(place, 'thing', 'file'), 'fast');
    });
    await slow;
    expect([await readdir(place), await text('thing/file')]).toEqual([['thing'], 'fast']);
  });

  test('what is there and not whole is replaced', async () => {
    await mkdir(join(place, 'thing'));
    await writeFile(join(place, 'thing', 'half'), '');
    const isWhole = async (): Promise<boolean> => (await readdir(join(place, 'thing'))).includes('file');
    await makeOnce(
      join(place, 'thing'),
      async (unfinished) => {
        await mkdir(unfinished);
        await writeFile(join(unfinished, 'file'), 'whole');
      },
      isWhole,
    );
    expect(await readdir(join(place, 'thing'))).toEqual(['file']);
  });
});

test('whether a process runs', () => {
  expect([isAlive(process.pid), isAlive(deadPid())]).toEqual([true, false]);
});
