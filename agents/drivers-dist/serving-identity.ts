import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sweepTemporaries, writeFileAtomic } from '../shared/atomic-file';
import { certificateFits, certificateRequest, newServingKey } from '../shared/certificate-request';
import type { ServingCertificate } from './http-server';

const SECRET = { mode: 0o600 };
/** Key and request in one file: they belong together, whatever is killed when. */
const IDENTITY = 'identity.pem';
const CERTIFICATE = 'certificate.pem';
const COMMON_NAME = 'weka-drivers-dist';

interface Identity {
  readonly key: string;
  /** Kept, because a signature is another one each time: the operator would sign again after each restart. */
  readonly request: string;
}

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

const block = (text: string, label: string): string | undefined =>
  new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(text)?.[0];

/** `undefined`: cut off, or not ours; another key is made, and another certificate asked for. */
const readIdentity = (text: string): Identity | undefined => {
  const [key, request] = [block(text, 'PRIVATE KEY'), block(text, 'CERTIFICATE REQUEST')];
  if (key === undefined || request === undefined) return undefined;
  try {
    certificateRequest(key, COMMON_NAME);
    return { key, request };
  } catch {
    return undefined;
  }
};

const newIdentity = (): Identity => {
  const key = newServingKey();
  return { key, request: certificateRequest(key, COMMON_NAME) };
};

/** What clients know the service by: a key that never leaves the directory, and the certificate that the operator signed. */
export class ServingIdentity {
  private constructor(
    private readonly directory: string,
    private readonly identity: Identity,
    private certificate: string | undefined,
  ) {}

  /** Reads what `directory` has, or makes what is missing. */
  static async open(directory: string): Promise<ServingIdentity> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await sweepTemporaries(directory);
    const path = join(directory, IDENTITY);
    const there = readIdentity((await readIfThere(path)) ?? '');
    const identity = there ?? newIdentity();
    if (there === undefined) await writeFileAtomic(path, identity.key + identity.request, SECRET);
    const certificate = await readIfThere(join(directory, CERTIFICATE));
    const fits = certificate !== undefined && certificateFits(certificate, identity.key);
    return new ServingIdentity(directory, identity, fits ? certificate : undefined);
  }

  /** PEM of the certificate signing request, for the operator. The same after a restart. */
  get request(): string {
    return this.identity.request;
  }

  /** What to serve with; `undefined`: nothing was signed yet. */
  get serving(): ServingCertificate | undefined {
    return this.certificate === undefined ? undefined : { key: this.identity.key, cert: this.certificate };
  }

  /**
   * Takes a certificate, and keeps it for the next start; `false`: it is there already, or was made for another key. A crash
   * before it is kept asks the operator for it again.
   */
  async accept(certificate: string): Promise<boolean> {
    if (certificate === this.certificate || !certificateFits(certificate, this.identity.key)) return false;
    await writeFileAtomic(join(this.directory, CERTIFICATE), certificate, SECRET);
    this.certificate = certificate;
    return true;
  }
}
