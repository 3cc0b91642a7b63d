import { parseDuration } from '../lib/base/duration';
import { distDesired } from '../lib/container/dist';
import { bodyOf, containerAgent, DOCUMENT_KIND } from '../lib/drivers/agent-documents';
import { builderTimeout } from '../lib/drivers/builder-facts';
import type { DistHoldings } from '../lib/drivers/dist-holdings';
import { packageId } from '../lib/drivers/package';
import type { PlannedPackage } from '../lib/drivers/package-plan';
import { distPermitKey, issuePermit } from '../lib/drivers/permit';
import type { ContainerScope } from './container';
import type { BuilderScope, DistScope } from './container-scope';
import type { Installation } from './installation';
import type { AgentDocument } from './runtime/agent-exchange';

/** How long a build may take whose instructions don't say, in milliseconds. */
export const DEFAULT_BUILD_MS = 30 * 60_000;
/** Beyond the build: pulling its image, waiting for its orders, uploading. */
const MARGIN_MS = 3_600_000;

/** How long the build of a container may take, in milliseconds. */
export const buildMs = (spec: ContainerScope['spec']): number =>
  parseDuration(builderTimeout(spec) ?? '') ?? DEFAULT_BUILD_MS;

/** What the agent of a builder is told: where its package goes, and that it may be put there. */
export const builderOrders = (
  { object, spec, pods }: ContainerScope,
  { input: { key }, target }: BuilderScope,
  { permitKey }: Installation,
): readonly AgentDocument[] => {
  const pod = pods[0]?.object;
  if (pod === undefined || key === undefined || target === undefined) return [];
  const id = packageId(key);
  // From the Pod's own age: the same at each look, so that its agent is not told something new each time.
  const expires = Math.ceil((Date.parse(pod.metadata.creationTimestamp ?? '') + buildMs(spec) + MARGIN_MS) / 1000);
  const permit = issuePermit(distPermitKey(permitKey, target.distUID), {
    packageId: id,
    podUID: pod.metadata.uid,
    expires,
  });
  const body = bodyOf({ id, ...key, distUrl: target.url, permit });
  return [{ agent: containerAgent(object.metadata.uid), kind: DOCUMENT_KIND.builderDesired, body }];
};

/** What the agent of a distribution service is told; nothing as long as nobody has said what it shall hold. */
export const distOrders = (
  { object }: ContainerScope,
  given: {
    readonly mode: DistScope;
    readonly packages: readonly PlannedPackage[] | undefined;
    readonly settings: Installation;
  },
): readonly AgentDocument[] => {
  const { mode, packages, settings } = given;
  const { uid } = object.metadata;
  const holdings: DistHoldings | undefined =
    packages === undefined ? mode.holdings : { packages: packages.map(({ wanted }) => wanted).sort(byId) };
  if (holdings === undefined) return [];
  const request = mode.observed?.certificateRequest;
  const desired = distDesired({
    holdings,
    permitKey: distPermitKey(settings.permitKey, uid),
    certificate: request === undefined ? undefined : settings.signRequest?.(request, mode.names),
    extraCA: settings.extraCA,
    proxy: settings.proxy,
  });
  return [{ agent: containerAgent(uid), kind: DOCUMENT_KIND.distDesired, body: bodyOf(desired) }];
};

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);
