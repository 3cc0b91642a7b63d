/** The loader's watching container: ready while the modules are loaded that its attempt left behind. */
import type { JsonObject } from '../../lib/base/json';
import type { LoadResult } from '../../lib/drivers/agent-result';
import type { AgentHost } from './host';

/** How often readiness is asked for. */
const PERIOD_MS = 5_000;

/** `resultOf`: what the attempt of its Pod came to; `undefined`: nothing. */
export const watchModules = (host: AgentHost, resultOf: () => LoadResult | undefined): void => {
  const { machine, life, control } = host;
  const look = (): void => {
    const result = resultOf();
    const loaded =
      result?.kind === 'DriverLoaded' && result.bootID === machine.info.bootID && machine.has(result.modules);
    control.ready(loaded);
  };
  const soon = (): void => life.after(PERIOD_MS, look);
  life.with(machine.onChange(soon));
  life.after(500, look);
};

/** Nothing is told but what is seen: a body of NodeObserved. */
export const lookAround = (host: AgentHost): JsonObject => {
  const { info, traits, kernels, modules, mounts } = host.machine;
  return {
    ...info,
    secureBoot: traits.secureBoot ?? 'Unsupported',
    signaturesEnforced: traits.signaturesEnforced ?? false,
    modules: modules.map(({ name, srcversion, holders }) => ({ name, srcversion, holders: [...holders] })),
    mounts: [...mounts].sort(),
    kernels: kernels.map(({ release, headers }) => ({ release, headers })),
  };
};
