import type { PackageKey } from '../../lib/drivers/package';
import type { PackageNamer } from '../../lib/drivers/package-namer';
import { namerFor } from '../../lib/drivers/package-namer';
import type { RegistryAnswer } from '../../lib/drivers/registry-answer';
import type { RegistryAnswers } from '../installation';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import { askRegistry } from './ask';
import { Registry } from './registry';
import type { RegistryCall } from './registry-call';

export interface RegistryResolverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly call: RegistryCall;
  /** No registry is ever asked: not one socket is opened. */
  readonly offline?: boolean;
  /** Under which names a registry keeps packages. @default by its host */
  readonly namer?: (registry: string) => PackageNamer;
}

/** Asks registries over the network, on behalf of everybody: whoever wants to know, each package is asked for once. */
export class RegistryResolver implements RegistryAnswers {
  private readonly registries = new Map<string, Registry>();
  private readonly listeners = new Set<(hint: string) => void>();
  private readonly ending = new AbortController();

  constructor(private readonly options: RegistryResolverOptions) {}

  answer(registry: string, key: PackageKey): RegistryAnswer {
    if (this.options.offline === true || !URL.canParse(registry)) return this.unasked(registry);
    return this.registryAt(registry).answer(key);
  }

  onAnswer(listener: (hint: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ends all calls and asks no more. */
  close(): void {
    this.ending.abort(new Error('the registry resolver is closed'));
    for (const registry of this.registries.values()) registry.close();
  }

  private unasked(registry: string): RegistryAnswer {
    const cause = this.options.offline === true ? 'this site is offline' : 'it is no URL';
    return {
      state: 'unknown',
      failure: { code: 'RegistryUnreachable', parameters: { server: registry, cause } },
      since: 0,
    };
  }

  private registryAt(url: string): Registry {
    const known = this.registries.get(url);
    if (known !== undefined) return known;
    const { clock, random, call, namer = namerFor } = this.options;
    const registry = new Registry({
      url,
      namer: namer(url),
      clock,
      random,
      ask: (path) => askRegistry(call, { registry: url, path }, this.ending.signal),
      changed: (id) => this.listeners.forEach((listener) => listener(id)),
    });
    this.registries.set(url, registry);
    return registry;
  }
}
