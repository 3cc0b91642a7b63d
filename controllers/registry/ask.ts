import type { OperatorError } from '../../lib/base/errors';
import { asOperatorError } from '../../lib/base/errors';
import type { AgentFailure } from '../../lib/drivers/agent-result';
import { isSha256 } from '../../lib/drivers/package';
import type { RegistryCall, RegistryReply } from './registry-call';
import { callFailure } from './registry-call';

/** What came of asking a registry for one package. */
export type Asked =
  | { readonly kind: 'found'; readonly url: string; readonly sha256: string }
  | { readonly kind: 'absent' }
  /** Nothing was learned. `registry`: it is hardly better for another package. */
  | { readonly kind: 'registry' | 'package'; readonly failure: AgentFailure };

/** Failures that say something of the registry, not of the package. */
const REGISTRY_WIDE: ReadonlySet<string> = new Set([
  'RegistryUnreachable',
  'RegistryUntrusted',
  'RegistryRefused',
  'RegistryFailed',
]);

/** Asks `registry` for the digest of the package at `path`. Rejects only with the reason of `signal`. */
export const askRegistry = async (
  call: RegistryCall,
  { registry, path }: { readonly registry: string; readonly path: string },
  signal: AbortSignal,
): Promise<Asked> => {
  const url = `${registry.replace(/\/+$/, '')}${path}`;
  try {
    const asked = new URL(`${url}.sha256`);
    return judge(await call(asked, signal), url, asked);
  } catch (thrown) {
    signal.throwIfAborted();
    return failed(asOperatorError(thrown));
  }
};

const failed = ({ code, parameters }: OperatorError): Asked => ({
  kind: REGISTRY_WIDE.has(code) ? 'registry' : 'package',
  failure: {
    code,
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)])),
  },
});

/** What an answer means. Only a 404 for a name that is known to be right says that a package does not exist. Pure. */
const judge = ({ status, body }: RegistryReply, url: string, asked: URL): Asked => {
  if (status === 200) return digestIn(body, url, asked);
  if (status === 404 || status === 410) return { kind: 'absent' };
  if (status === 401 || status === 403 || status === 407)
    return failed(callFailure('RegistryRefused', asked, { status }));
  if (status === 429 || status >= 500) return failed(callFailure('RegistryFailed', asked, { status }));
  return failed(callFailure('RegistryAnswerInvalid', asked, { cause: `HTTP ${status}` }));
};

/** As sha256sum writes it, `digest  file`, or the digest alone. */
const digestIn = (body: string, url: string, asked: URL): Asked => {
  const [digest, file, ...more] = body.trim().split(/\s+/);
  const sha256 = digest?.toLowerCase();
  const named = file === undefined || file.replace(/^\*/, '') === url.slice(url.lastIndexOf('/') + 1);
  if (!isSha256(sha256) || more.length > 0)
    return failed(callFailure('RegistryAnswerInvalid', asked, { cause: 'it is not a SHA-256' }));
  return named
    ? { kind: 'found', url, sha256 }
    : failed(callFailure('RegistryAnswerInvalid', asked, { cause: 'it is the SHA-256 of another file' }));
};
