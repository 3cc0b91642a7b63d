import type { KindDefinition, Rule } from '../../lib/api/kind';
import { API_VERSION } from '../../lib/api/kind';
import { brokenRules } from '../../lib/api/validate';
import type { JsonObject } from '../../lib/base/json';
import { exampleOf, EXAMPLES, RULES } from '../rule-examples';
import { api, describeCluster, installCrds, newNamespace } from './harness';

jest.setTimeout(120_000);

test('every rule has its example, and every example its rule', () => {
  const examples = Object.entries(EXAMPLES).flatMap(([kind, ids]) => Object.keys(ids).map((id) => `${kind} ${id}`));
  expect(examples.sort()).toEqual(RULES.map(([name]) => name).sort());
});

describeCluster('a CEL rule on the real API server says what its twin in TypeScript says', () => {
  let namespace: string;
  beforeAll(async () => {
    await installCrds();
    namespace = await newNamespace('rules');
  });

  const write = async (definition: KindDefinition, rule: Rule, spec: JsonObject, before?: JsonObject) => {
    const object = (of: JsonObject, metadata: JsonObject = {}): JsonObject => ({
      apiVersion: API_VERSION,
      kind: definition.kind,
      metadata: { name: rule.id, namespace, ...metadata },
      spec: of,
    });
    const collection = `/apis/${API_VERSION}/namespaces/${namespace}/${definition.plural}`;
    const dry = 'dryRun=All&fieldValidation=Strict';
    if (before === undefined) {
      const answer = await api({ method: 'POST', path: `${collection}?${dry}`, body: JSON.stringify(object(spec)) });
      return { answer, twin: brokenRules(definition, object(spec)) };
    }
    await api({ method: 'POST', path: collection, body: JSON.stringify(object(before)) });
    const stored = JSON.parse((await api({ method: 'GET', path: `${collection}/${rule.id}` })).text) as {
      metadata: { resourceVersion: string };
    };
    const body = JSON.stringify(object(spec, { resourceVersion: stored.metadata.resourceVersion }));
    const answer = await api({ method: 'PUT', path: `${collection}/${rule.id}?${dry}`, body });
    return { answer, twin: brokenRules(definition, object(spec), object(before)) };
  };

  test.each(RULES)('%s: broken', async (_name, definition, rule) => {
    const { breaks, before } = exampleOf(definition, rule);
    const { answer, twin } = await write(definition, rule, breaks, before);
    const said = (JSON.parse(answer.text) as { details?: { causes?: { message: string }[] } }).details?.causes ?? [];
    expect({ status: answer.status, twin: twin.map((problem) => problem.rule) }).toEqual({
      status: 422,
      twin: [rule.id],
    });
    expect(said.map(({ message }) => message)).toEqual([expect.stringContaining(rule.message)]);
  });

  test.each(RULES)('%s: kept', async (_name, definition, rule) => {
    const { holds, before } = exampleOf(definition, rule);
    const { answer, twin } = await write(definition, rule, holds, before);
    expect({ text: answer.status < 300 ? '' : answer.text, twin }).toEqual({ text: '', twin: [] });
  });
});
