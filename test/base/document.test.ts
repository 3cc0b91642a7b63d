import { readDocument } from '../../lib/base/document';

const document = { schema: 1, kind: 'NodeDesired', revision: 'a', body: { driver: 'x' } };

describe('readDocument', () => {
  it('accepts a document of its kind', () => expect(readDocument(document, 'NodeDesired')).toEqual(document));

  it('ignores fields it does not know', () =>
    expect(readDocument({ ...document, hint: 1 }, 'NodeDesired')).toEqual(document));

  test.each([
    ['a newer schema', { ...document, schema: 2 }, /newer than 1: upgrade the older side/],
    ['an abandoned schema', { ...document, schema: 0 }, /not supported any more/],
    ['another kind', { ...document, kind: 'Other' }, /expected NodeDesired, got "Other"/],
    ['a missing body', { ...document, body: undefined }, /revision or body/],
    ['a list', [], /not a JSON object/],
    ['no schema', { kind: 'NodeDesired' }, /no schema number/],
  ])('refuses %s with a sentence', (_what, value, sentence) => {
    expect(readDocument(value, 'NodeDesired')).toEqual({ refused: expect.stringMatching(sentence) as string });
  });
});
