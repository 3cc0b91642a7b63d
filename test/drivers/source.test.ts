import type { SourceInput } from '../../lib/drivers/source';
import { decideSource, needsAnswer, REGISTRY_DEADLINE_MS } from '../../lib/drivers/source';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const key = { wekaVersion: '4.4.5', kernel: '6.1.0-18-amd64', architecture: 'amd64' };
const id = 'x_0123456789';
const URL = 'https://registry.example/dist/v1/drivers/x.tar.gz';

const input = (more: Partial<SourceInput> = {}): SourceInput => ({
  key,
  mode: 'RegistryThenLocal',
  offline: false,
  answer: { state: 'pending' },
  distTold: true,
  held: undefined,
  recorded: undefined,
  builder: { state: 'none' },
  now: NOW,
  ...more,
});

const found = { state: 'found', url: URL, sha256: A } as const;
const absent = { state: 'absent' } as const;
const unknown = (minutes: number) => ({
  state: 'unknown' as const,
  failure: { code: 'RegistryFailed', parameters: { server: 'https://registry.example', status: '503' } },
  since: NOW - minutes * 60_000,
});
const held = (sha256: string, state: 'stored' | 'quarantined' = 'stored') => ({ id, state, sha256 });
const failed = {
  id,
  state: 'failed' as const,
  failure: { code: 'PackageTruncated', parameters: { server: 'https://registry.example', path: '/x' } },
};
const fetching = { id, state: 'fetching' as const };
const noHeaders = {
  state: 'none' as const,
  hindrance: {
    code: 'HeadersMissing',
    parameters: { kernel: '6.1', path: '/lib/modules/6.1/build', package: 'linux-headers', node: 'n1' },
  },
};
const built = { state: 'built' as const, sha256: A };
const building = { state: 'building' as const, reason: 'Building', message: 'The build is running.' };
const failing = { state: 'failed' as const, reason: 'CompilerMissing', message: 'No compiler.' };
const queued = { state: 'queued' as const, reason: 'BuildQueued', message: 'It waits for its turn.' };
const recorded = (source: 'built' | 'registry' | 'pinned', sha256 = A) => ({ sha256, source });

describe('where a package comes from', () => {
  test.each<[string, Partial<SourceInput>, string, string]>([
    ['the registry has not answered yet', {}, 'ask', 'AskingRegistry'],
    ['nobody has asked it yet', { answer: undefined }, 'ask', 'AskingRegistry'],
    ['the registry has it', { answer: found }, 'mirror', 'Mirroring'],
    ['the registry has it and dist is fetching', { answer: found, held: fetching }, 'mirror', 'Mirroring'],
    ['it was mirrored', { answer: found, held: held(A) }, 'stored', 'Stored'],
    ['other bytes than the registry announces lie there', { answer: found, held: held(B) }, 'mirror', 'Mirroring'],
    ['what was mirrored is in quarantine', { answer: found, held: held(A, 'quarantined') }, 'mirror', 'Mirroring'],
    ['fetching it fails', { answer: found, held: failed, mirrorFailsSince: NOW - 1 }, 'mirror', 'PackageTruncated'],
    [
      'fetching it has failed for long, and it can be built',
      { answer: found, held: failed, mirrorFailsSince: NOW - REGISTRY_DEADLINE_MS },
      'build',
      'BuildWanted',
    ],
    [
      'fetching it has failed for long, and it cannot be built',
      { answer: found, held: failed, mirrorFailsSince: NOW - REGISTRY_DEADLINE_MS, builder: noHeaders },
      'mirror',
      'PackageTruncated',
    ],
    ['the registry does not have it: built at once', { answer: absent }, 'build', 'BuildWanted'],
    ['… and no node has headers', { answer: absent, builder: noHeaders }, 'unavailable', 'HeadersMissing'],
    ['… and nothing is ever built', { answer: absent, mode: 'Registry' }, 'unavailable', 'PackageUnavailable'],
    ['the registry fails', { answer: unknown(1) }, 'wait', 'RegistryFailed'],
    ['the registry has failed up to the deadline', { answer: unknown(15) }, 'build', 'BuildWanted'],
    ['… which may be another one', { answer: unknown(2), deadlineMs: 120_000 }, 'build', 'BuildWanted'],
    ['… and no node has headers', { answer: unknown(60), builder: noHeaders }, 'wait', 'RegistryFailed'],
    ['… and nothing is ever built', { answer: unknown(600), mode: 'Registry' }, 'wait', 'RegistryFailed'],
    ['a mode without registry builds', { mode: 'Local', answer: undefined }, 'build', 'BuildWanted'],
    ['a site without network builds', { offline: true, answer: undefined }, 'build', 'BuildWanted'],
    [
      'a site without network that never builds',
      { offline: true, mode: 'Registry', answer: undefined },
      'unavailable',
      'PackageUnavailable',
    ],
    [
      '… has what was imported',
      { offline: true, mode: 'Registry', answer: undefined, held: held(B) },
      'stored',
      'Stored',
    ],
    ['a build waits for its turn', { mode: 'Local', builder: queued }, 'build', 'BuildQueued'],
    ['a build runs', { mode: 'Local', builder: building }, 'build', 'Building'],
    ['a build has failed', { mode: 'Local', builder: failing }, 'build', 'CompilerMissing'],
    ['a build is done and its upload is not confirmed', { mode: 'Local', builder: built }, 'upload', 'Uploading'],
    ['a build is done and stored', { mode: 'Local', builder: built, held: held(A) }, 'stored', 'Stored'],
    ['what dist holds is not what was built', { mode: 'Local', builder: built, held: held(B) }, 'upload', 'Uploading'],
    ['what lies there has no witness', { mode: 'Local', held: held(B) }, 'build', 'BuildWanted'],
    ['… and cannot be built', { mode: 'Local', held: held(B), builder: noHeaders }, 'stored', 'Stored'],
    ['it is built here once and the registry has it now', { answer: found, builder: built }, 'upload', 'Uploading'],
    ['what is written down is stored', { recorded: recorded('built'), held: held(A) }, 'stored', 'Stored'],
    [
      'dist has told nothing since the operator started',
      { recorded: recorded('registry'), distTold: false },
      'stored',
      'Stored',
    ],
    [
      'what is written down is gone from dist',
      { recorded: recorded('registry'), answer: found },
      'mirror',
      'Mirroring',
    ],
    ['the index knows it, and dist has it', { indexed: recorded('built'), held: held(A) }, 'stored', 'Stored'],
    [
      'the index knows it, and dist has told nothing',
      { indexed: recorded('built'), distTold: false },
      'ask',
      'AskingService',
    ],
    [
      'the index knows it, and dist does not have it',
      { mode: 'Local', indexed: recorded('built') },
      'build',
      'BuildWanted',
    ],
    [
      'what was pinned is gone from dist',
      { recorded: recorded('pinned'), mode: 'Registry', offline: true },
      'unavailable',
      'PackageUnavailable',
    ],
  ])('%s', (_sentence, more, step, reason) => {
    const decision = decideSource(input(more));
    expect([decision.step, decision.reason]).toEqual([step, reason]);
    expect(decision.message).not.toMatch(/\{|undefined/);
  });

  test.each<[string, Partial<SourceInput>, object | undefined]>([
    ['the registry, of what it announced', { answer: found, held: held(A) }, recorded('registry')],
    ['the builder, of what it built', { mode: 'Local', builder: built, held: held(A) }, recorded('built')],
    ['what was written down, after a restart', { recorded: recorded('built'), distTold: false }, recorded('built')],
    [
      'dist itself, where nobody else ever could',
      { mode: 'Registry', offline: true, held: held(B) },
      recorded('pinned', B),
    ],
    ['nobody, as long as it is being built', { mode: 'Local', builder: building, held: held(B) }, undefined],
  ])('%s vouches', (_sentence, more, vouched) => expect(decideSource(input(more)).vouched).toEqual(vouched));

  it('says where a package is mirrored from, and when a build comes instead', () => {
    expect(decideSource(input({ answer: found }))).toMatchObject({ url: URL });
    expect(decideSource(input({ answer: unknown(1) })).message).toContain('longer than 15 minutes, it is built here');
    expect(decideSource(input({ answer: unknown(1), mode: 'Registry' })).message).not.toContain('built here');
  });
});

describe('whether the registry hears of a package', () => {
  test.each<[string, boolean, Partial<SourceInput>]>([
    ['it may be asked', true, {}],
    ['only what is built here counts', false, { mode: 'Local' }],
    ['the site is offline', false, { offline: true }],
    ['it is stored already', false, { recorded: recorded('registry'), held: held(A) }],
    ['it was stored before the operator started', false, { recorded: recorded('registry'), distTold: false }],
    ['it is being built here', false, { builder: building }],
    ['it is being built here, and the mode says registry', true, { builder: building, mode: 'Registry' }],
    ['the service may have it from before', false, { indexed: recorded('built'), distTold: false }],
    ['it was stored and is lost', true, { recorded: recorded('registry') }],
  ])('%s: %s', (_sentence, asked, more) => expect(needsAnswer(input(more))).toBe(asked));
});
