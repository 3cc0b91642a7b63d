import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../artefacts/run-program';
import { createAuthority } from '../../cluster/certificates';
import type { Kernel } from './kernel';

/** Debian's well-known test key: a guest under Secure Boot trusts it. */
const SNAKE_OIL = { key: '/usr/share/ovmf/PkKek-1-snakeoil.key', certificate: '/usr/share/ovmf/PkKek-1-snakeoil.pem' };

/** Who signs: the key that a guest under Secure Boot trusts, or one that no guest has ever seen. */
export type Signer = 'trusted' | 'unknown';

/** Appends a signature to a module, in place. */
export const signModuleFor = async (kernel: Kernel, module: string, signer: Signer): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'weka-operator-sign-'));
  try {
    const { key, certificate } = await credentialOf(signer);
    const [keyFile, certificateFile] = [join(directory, 'key.pem'), join(directory, 'certificate.der')];
    await writeFile(keyFile, key, { mode: 0o600 });
    await writeFile(certificateFile, new X509Certificate(certificate).raw);
    await runProgram(kernel.signFile, ['sha256', keyFile, certificateFile, module]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const credentialOf = async (signer: Signer): Promise<{ key: string; certificate: string }> => {
  if (signer === 'unknown') return createAuthority('nobody knows me');
  const key = createPrivateKey({ key: await readFile(SNAKE_OIL.key), passphrase: 'snakeoil' });
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: await readFile(SNAKE_OIL.certificate, 'utf8'),
  };
};
