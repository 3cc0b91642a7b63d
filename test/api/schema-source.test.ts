import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSchemaSource } from '../../cli/generate/schemas';

describe('the source of the schemas of built-in kinds', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'module-cache-'));
  });
  afterEach(() => rmSync(cache, { recursive: true }));
  const has = (...names: readonly string[]): void =>
    names.forEach((name) => mkdirSync(join(cache, 'k8s.io', name, 'api/openapi-spec/v3'), { recursive: true }));

  test('is the newest release in the Go module cache', () => {
    has(
      'kubernetes@v1.9.12',
      'kubernetes@v1.36.3',
      'kubernetes@v1.36.10',
      'kubernetes@v1.37.0-rc.1',
      'kubectl@v1.40.0',
    );
    expect(findSchemaSource(cache)).toEqual({
      version: 'v1.36.10',
      directory: join(cache, 'k8s.io/kubernetes@v1.36.10/api/openapi-spec/v3'),
    });
  });

  test('is missing, and says so, when the module is not there', () => {
    expect(findSchemaSource(cache)).toEqual({
      missing: `the Go module k8s.io/kubernetes is not in ${join(cache, 'k8s.io')}`,
    });
  });

  test('is missing, and says so, when the module has no OpenAPI documents', () => {
    mkdirSync(join(cache, 'k8s.io', 'kubernetes@v1.36.3'), { recursive: true });
    expect(findSchemaSource(cache)).toEqual({ missing: expect.stringContaining('kubernetes@v1.36.3') as unknown });
  });
});
