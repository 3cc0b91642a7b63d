import { lintDocument } from '../../lib/api/lint/lint';
import { validate } from '../../lib/api/validate';
import type { JsonObject } from '../../lib/base/json';
import type { LiveObject } from '../../lib/base/kube-object';
import type { CorpusEntry } from './corpus-files';
import { corpusExists, documentOf, identity, inBatches, lostFields, readCorpus } from './corpus-files';
import { api, describeCluster, installCrds, kubectl, kubectlObjects } from './harness';

jest.setTimeout(180_000);

/** Where there is no corpus beside the checkout the suites say so by being skipped. */
const describeCorpus = corpusExists ? describeCluster : describe.skip;
const named = (entries: readonly CorpusEntry[]): [string, CorpusEntry][] => entries.map((entry) => [entry.file, entry]);
// A suite without a test is an error in jest; without a corpus each table has one line, which is skipped.
const table = (entries: readonly CorpusEntry[]): [string, CorpusEntry][] =>
  entries.length > 0 ? named(entries) : [['no corpus beside the checkout', {} as CorpusEntry]];

const corpus = readCorpus();
const accepted = corpus.filter(({ expect }) => expect === 'ok');
const strangers = corpus.filter(({ expect }) => expect === 'unknown-field');

const pluralOf = (kind: string): string => (kind === 'WekaPolicy' ? 'wekapolicies' : `${kind.toLowerCase()}s`);
const create = (object: { kind: string; metadata: { namespace?: string } }) =>
  api({
    method: 'POST',
    path: `/apis/weka.weka.io/v1alpha1/namespaces/${object.metadata.namespace ?? 'default'}/${pluralOf(object.kind)}?dryRun=All&fieldValidation=Strict`,
    body: JSON.stringify(object),
  });

describeCorpus('documents that users have, on the real API server', () => {
  /** By file: as applied, as read back, as applied again. */
  const rounds = new Map<string, { applied?: LiveObject; read?: LiveObject; again?: LiveObject; said: string }>();

  const runBatch = async (batch: readonly CorpusEntry[]): Promise<void> => {
    const files = batch.flatMap(({ path }) => ['-f', path]);
    const apply = ['apply', '--server-side', '--validate=strict', '--show-managed-fields', ...files, '-o', 'json'];
    const first = await kubectl(apply, { mayFail: true });
    const applied = index(first.stdout);
    const read = byIdentity(await kubectlObjects(['get', ...files, '--show-managed-fields', '--ignore-not-found']));
    const again = index((await kubectl(apply, { mayFail: true })).stdout);
    for (const entry of batch) {
      const key = identity(documentOf(entry));
      const found = { applied: applied.get(key), read: read.get(key), again: again.get(key) };
      const present = Object.fromEntries(Object.entries(found).filter(([, object]) => object !== undefined));
      rounds.set(entry.file, { ...present, said: first.stderr });
    }
    await kubectl(['delete', '--ignore-not-found', ...files]);
  };

  beforeAll(async () => {
    await installCrds();
    const namespaces = new Set(accepted.map((entry) => documentOf(entry).metadata.namespace ?? 'default'));
    for (const name of namespaces) await kubectl(['create', 'namespace', name], { mayFail: true });
    for (const batch of inBatches(accepted)) await runBatch(batch);
  });

  test.each(table(accepted))('%s is accepted with strict field validation', (file) => {
    expect(rounds.get(file)).toMatchObject({ said: '', applied: { metadata: { uid: expect.any(String) } } });
  });

  test.each(table(accepted))('%s is read back with everything it said', (file, entry) => {
    expect(lostFields(documentOf(entry), rounds.get(file)?.read)).toEqual([]);
  });

  test.each(table(accepted))('%s applied again changes nothing, not even a time in managedFields', (file) => {
    const { applied, read, again } = rounds.get(file) ?? {};
    expect(again?.metadata.resourceVersion).toBeDefined();
    expect(again).toEqual(applied);
    expect(again).toEqual(read);
  });
});

describeCorpus('documents that are not right as published, on the real API server', () => {
  beforeAll(installCrds);

  test.each(table(strangers))('%s: each field the index calls unknown is named by the server', async (_file, entry) => {
    const answer = await create(documentOf(entry));
    const wanted = entry.findings.map((finding) => finding.replace(/^unknown /, ''));
    const unknown = [...answer.text.matchAll(/unknown field \\"([^"\\]+)\\"/g)].map(([, field]) => field);
    expect({ status: answer.status, unknown }).toEqual({ status: 400, unknown: expect.arrayContaining(wanted) });
  });

  test.each(table(corpus.filter(({ expect }) => expect === 'reject')))(
    '%s is refused, with the field',
    async (_file, entry) => {
      const answer = await create(documentOf(entry));
      const field = /spec\.\w+/.exec(entry.findings.join())?.[0];
      expect(answer.status).toBe(422);
      expect(answer.text).toContain(field);
    },
  );

  test.each(table(corpus.filter(({ expect }) => expect === 'parse-error')))(
    '%s does not get as far as the server',
    async (_file, entry) => {
      const { code, stderr } = await kubectl(['apply', '--dry-run=server', '-f', entry.path], { mayFail: true });
      expect(code).toBe(1);
      expect(stderr).toContain('error converting YAML to JSON');
    },
  );
});

describeCorpus('our validator and the real API server, on every document that is YAML', () => {
  beforeAll(installCrds);
  const parsed = corpus.filter(({ expect }) => expect !== 'parse-error');

  test.each(table(parsed))('%s: both accept it, or both refuse it', async (_file, entry) => {
    const document = documentOf(entry);
    const answer = await create(document);
    const problems = validate(document as unknown as JsonObject).problems;
    expect({ accepted: problems.length === 0, problems }).toEqual({ accepted: answer.status === 201, problems });
  });

  test.each(table(parsed.filter(({ expect }) => expect !== 'ok')))(
    '%s: has a finding with a remedy',
    (_file, entry) => {
      const document = { object: documentOf(entry) as unknown as JsonObject, where: entry.file };
      const findings = lintDocument(document, [document], (object) => validate(object).problems);
      expect(findings.length).toBeGreaterThan(0);
      for (const finding of findings) expect(finding.remedy).toMatch(/\w{3}/);
    },
  );
});

/** `kubectl apply -o json` prints a List, or one object, or nothing. */
const index = (stdout: string): Map<string, LiveObject> => {
  if (stdout.trim() === '') return new Map();
  const parsed = JSON.parse(stdout) as LiveObject & { items?: LiveObject[] };
  return byIdentity(parsed.items ?? [parsed]);
};
const byIdentity = (objects: readonly LiveObject[]) => new Map(objects.map((object) => [identity(object), object]));
