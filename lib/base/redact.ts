/** Keys whose values are never written, wherever they stand; compared without case, `-` and `_`. */
export const SECRET_KEYS = [
  'token',
  'password',
  'passwd',
  'secret',
  'authorization',
  'clientkeydata',
  'clientcertificatedata',
  'privatekey',
  'apikey',
  'accesskey',
  'secretkey',
  'joinsecret',
  'dockerconfigjson',
  'cookie',
  'setcookie',
  'credentials',
] as const;

/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Deeper values are not looked into: a log line is no place for them. */
const MAX_DEPTH = 8;

const secretKeys = new Set<string>(SECRET_KEYS);
/** Kubernetes spells some as `.dockerconfigjson`; suffixes catch `adminPassword`, `bootstrapToken`. */
const isSecretKey = (key: string): boolean => {
  const bare = key.toLowerCase().replace(/[-_.]/g, '');
  return secretKeys.has(bare) || /(token|password|passwd|privatekey|secretkey|apikey)$/.test(bare);
};

/** Three base64url parts: a JSON Web Token, as service accounts carry. */
const JWT = /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;
const SCHEME = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
const USER_INFO = /(\/\/[^/\s:@]+:)[^/\s@]+@/g;
const ASSIGNMENT =
  /\b(token|password|secret|authorization)(["']?\s*[=:]\s*["']?)(?!\[redacted\]|bearer\b|basic\b)[^\s"',;&}]+/gi;

const redactText = (text: string): string =>
  text
    .replace(SCHEME, `$1 ${REDACTED}`)
    .replace(JWT, REDACTED)
    .replace(USER_INFO, `$1${REDACTED}@`)
    .replace(ASSIGNMENT, `$1$2${REDACTED}`);

/**
 * `value` without secrets: values under SECRET_KEYS are replaced, strings lose bearer tokens, JSON Web Tokens, passwords
 * in URLs and `password=…`. Pure; the argument is not changed.
 */
export const redact = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (value instanceof Error) return redactText(value.message);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      isSecretKey(key) && item !== undefined ? REDACTED : redact(item, depth + 1),
    ]),
  );
};
