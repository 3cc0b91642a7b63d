import { Writable } from 'node:stream';
import type { LogEntry } from '../../controllers/runtime/log';
import { createLogger, loggerTo } from '../../controllers/runtime/log';
import { redact, REDACTED } from '../../lib/base/redact';
import { OperatorError } from '../../lib/base/errors';
import { settle, VirtualClock } from '../fakes/clock';

const captured = () => {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  return { lines, logger: createLogger({ clock: new VirtualClock(), stream }) };
};

describe('the logger', () => {
  test('writes JSON lines with fixed keys, in a fixed order', async () => {
    const { lines, logger } = captured();
    logger
      .with({ reconcileId: 'policy-1', name: 'a', namespace: 'default', kind: 'WekaPolicy', controller: 'policy' })
      .info('Creating', { object: 'Service/default/a' });
    await settle();
    expect(lines).toEqual([
      '{"ts":"2026-01-01T00:00:00.000Z","level":"info","msg":"Creating","controller":"policy","kind":"WekaPolicy",' +
        '"namespace":"default","name":"a","reconcileId":"policy-1","object":"Service/default/a"}\n',
    ]);
  });

  test('says what the level allows, and the level can be switched while it runs', async () => {
    const { lines, logger } = captured();
    const child = logger.with({ controller: 'x' });
    child.debug('unheard');
    logger.level = 'debug';
    child.debug('heard');
    logger.level = 'error';
    child.warn('unheard');
    await settle();
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['heard']);
  });

  test('writes an error as its message and code', () => {
    const entries: LogEntry[] = [];
    loggerTo((entry) => entries.push(entry)).warn('The round failed', {
      error: new OperatorError('Conflict', { object: 'Pod/a' }),
    });
    expect(entries[0]?.fields).toEqual({ error: 'Pod/a changed while it was being written.', code: 'Conflict' });
  });
});

describe('redaction', () => {
  test.each([
    ['a secret by its key', { token: 'abc', ok: 1 }, { token: REDACTED, ok: 1 }],
    [
      'a key in any spelling',
      { 'X-Authorization': 'v', Authorization: 'x', join_secret: 'y' },
      { 'X-Authorization': 'v', Authorization: REDACTED, join_secret: REDACTED },
    ],
    [
      'a compound key',
      { adminPassword: 'p', bootstrapToken: 't' },
      { adminPassword: REDACTED, bootstrapToken: REDACTED },
    ],
    ['what is nested', { a: [{ password: { deep: 1 } }] }, { a: [{ password: REDACTED }] }],
    [
      'a bearer token in a sentence',
      'sent Authorization: Bearer abc.def-12345',
      'sent Authorization: Bearer [redacted]',
    ],
    ['a JSON Web Token', 'got eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.c2lnbmF0dXJl back', 'got [redacted] back'],
    ['a password in a URL', 'https://user:hunter2@host/x', 'https://user:[redacted]@host/x'],
    ['an assignment', 'failed with password=hunter2, again', 'failed with password=[redacted], again'],
    ['an error', new Error('token: abc123'), 'token: [redacted]'],
    [
      'the name of a Secret is none',
      { secretName: 'weka-join', imagePullSecret: 'quay' },
      { secretName: 'weka-join', imagePullSecret: 'quay' },
    ],
    ['plain values stay', { count: 3, on: true, none: null }, { count: 3, on: true, none: null }],
  ])('%s', (_what, value, expected) => {
    expect(redact(value)).toEqual(expected);
  });

  test('does not change its argument, and ends on what refers to itself', () => {
    const loop: Record<string, unknown> = { password: 'x' };
    loop['self'] = loop;
    expect(JSON.stringify(redact(loop))).not.toContain('"x"');
    expect(loop['password']).toBe('x');
  });
});
