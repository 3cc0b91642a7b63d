import { asOperatorError, OperatorError } from '../../lib/base/errors';
import type { LiveObject } from '../../lib/base/kube-object';
import { refString } from '../../lib/base/kube-object';
import type { Authority } from '../../lib/operator/authority-secret';
import { authorityOf, authoritySecret, bundleOf, readAuthorities, secretOf } from '../../lib/operator/authority-secret';
import { authorityValidity, planAuthorities } from '../../lib/operator/certificate-plan';
import { isApiError } from '../kube/api-error';
import type { ClusterClient } from '../kube/cluster-client';
import { backoffMs, WATCH_BACKOFF } from '../runtime/backoff';
import type { Clock } from '../runtime/clock';
import { sleep } from '../runtime/clock';
import type { Companion } from '../runtime/companion';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';
import { makeAuthority } from './x509';

export interface InstallationCAOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The operator's. */
  readonly namespace: string;
}

/** How often the Secret is read again, and what hangs on time is looked at. */
const LOOK_MS = 3600_000;
/** Others write the Secret too: after a conflict it is read again, this often at most. */
const ATTEMPTS = 5;

/**
 * The certificate authority of the installation. The leader makes it and rotates it, every process reads it. Its private
 * keys are in one Secret and in the memory of the operator, nowhere else.
 */
export class InstallationCA implements Companion {
  readonly name = 'certificates';
  private authorities: readonly Authority[] = [];
  /** The Secret as it was read last: most of the time it is the same. */
  private known: { readonly resourceVersion: string; readonly authorities: readonly Authority[] } | undefined;
  private trouble: OperatorError | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly standingBy = new AbortController();

  constructor(private readonly options: InstallationCAOptions) {}

  /** PEM of the certificates that are trusted now, oldest first; `undefined`: not known yet. */
  caBundle(): string | undefined {
    return this.authorities.length === 0 ? undefined : bundleOf(this.authorities);
  }

  /** The authority that signs now; `undefined`: not known yet. */
  signer(): Authority | undefined {
    return planAuthorities(this.authorities, this.options.clock.now()).signer;
  }

  /** Whether what the authority `id` signed is still trusted. */
  trusts(id: string): boolean {
    return this.authorities.some((authority) => authority.id === id);
  }

  /** Why the authorities are not known, or could not be read again; for readiness. */
  get waitingFor(): OperatorError | undefined {
    return this.trouble;
  }

  /** Calls `listener` when other certificates are trusted, and every hour: what is due by then is renewed. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Reads the authorities, and again every hour, until `signal` aborts or this process leads. Makes none. */
  standBy(signal: AbortSignal): void {
    void this.repeat((stop) => this.look(stop), AbortSignal.any([signal, this.standingBy.signal]));
  }

  /** Resolves when there is an authority: made, rotated or read. Goes on looking after them until `signal` aborts. */
  async lead(_reader: unknown, signal: AbortSignal): Promise<void> {
    this.standingBy.abort(new Error('this process leads'));
    await new Promise<void>((resolve) => {
      const step = (stop: AbortSignal): Promise<void> => this.keep(stop).then(resolve);
      void this.repeat(step, signal).then(resolve);
    });
    signal.throwIfAborted();
  }

  private async repeat(step: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.options;
    for (let failures = 0; !signal.aborted;) {
      const trouble = await step(signal).then(() => undefined, asOperatorError);
      if (signal.aborted) return;
      this.trouble = trouble;
      if (this.trouble !== undefined)
        logger.warn('The installation CA could not be read', { error: this.trouble, remedy: this.trouble.remedy });
      const known = this.trouble === undefined && this.authorities.length > 0;
      const pause = known ? LOOK_MS : backoffMs(failures++, random, WATCH_BACKOFF);
      if (known) failures = 0;
      await sleep(clock, pause, signal).catch(() => undefined);
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const secret = await this.options.client.get(authoritySecret(this.options.namespace), { signal });
    if (secret !== undefined) this.take(this.read(secret));
  }

  /** Reads the Secret, and brings it to what the plan says. */
  private async keep(signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.options;
    for (let attempt = 1; ; attempt++) {
      const secret = await client.get(authoritySecret(namespace), { signal });
      try {
        this.take(await this.planned(secret, signal));
        return;
      } catch (thrown) {
        const another = isApiError(thrown, 'AlreadyExists') || isApiError(thrown, 'Conflict');
        if (!another || attempt === ATTEMPTS) throw thrown;
      }
    }
  }

  private async planned(secret: LiveObject | undefined, signal: AbortSignal): Promise<readonly Authority[]> {
    const { client, clock, logger, namespace } = this.options;
    const held = secret === undefined ? [] : this.read(secret);
    const { trusted, makeAnother } = planAuthorities(held, clock.now());
    if (!makeAnother && trusted.length === held.length) return held;
    const wanted = makeAnother ? [...trusted, newAuthority(clock.now())] : trusted;
    const manifest = secretOf(namespace, wanted, secret?.metadata.resourceVersion);
    // A crash right after either write leaves the Secret as it shall be: the next leader reads it. Nothing was signed yet.
    if (secret === undefined) await client.create(manifest, { signal });
    else await client.replace(manifest, { signal });
    logger.info(makeAnother ? 'Made a certificate authority' : 'Let go of a certificate authority', {
      trusted: wanted.length,
    });
    return wanted;
  }

  private read(secret: LiveObject): readonly Authority[] {
    const { resourceVersion } = secret.metadata;
    if (this.known?.resourceVersion === resourceVersion) return this.known.authorities;
    const read = readAuthorities(secret);
    if ('authorities' in read) {
      this.known = { resourceVersion, authorities: read.authorities };
      return read.authorities;
    }
    const object = refString(authoritySecret(this.options.namespace));
    throw new OperatorError('AuthorityUnusable', { object, cause: read.problem });
  }

  private take(authorities: readonly Authority[]): void {
    this.authorities = planAuthorities(authorities, this.options.clock.now()).trusted;
    for (const listener of this.listeners) listener();
  }
}

const newAuthority = (now: number): Authority => {
  const { certificate, key } = makeAuthority(authorityValidity(now));
  return authorityOf(certificate, key);
};
