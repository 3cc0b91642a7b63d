import type { KernelRelease } from '../base/kube-object';
import type { AgentFailure } from './agent-result';
import { headersPackage } from './build-headers';

/** Distributions by what their nodes call themselves, the special before the general. */
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/coreos|rhcos/i, 'rhcos'],
  [/container-optimized/i, 'cos'],
  [/ubuntu/i, 'ubuntu'],
  [/debian/i, 'debian'],
  [/amazon/i, 'amzn'],
  [/oracle/i, 'ol'],
  [/fedora/i, 'fedora'],
  [/suse/i, 'suse'],
  [/red hat|rocky|alma|centos/i, 'rhel'],
];

/** `debian`, `ubuntu`, …, from osImage of a Node (`Debian GNU/Linux 12 (bookworm)`); empty when it is none of them. */
export const distributionOf = (osImage: string): string =>
  SYSTEMS.find(([pattern]) => pattern.test(osImage))?.[1] ?? '';

/** Headers that are on none of `nodes`: which package brings them, and to which node. */
export const headersMissing = (
  kernel: KernelRelease,
  nodes: readonly string[],
  osImageOf: (node: string) => string,
): AgentFailure => {
  const [first = '', ...more] = nodes;
  const node = more.length === 0 ? first : `${first} and ${more.length} more`;
  const system = { id: distributionOf(osImageOf(first)), like: [] };
  const parameters = { kernel, node, path: `/lib/modules/${kernel}/build`, package: headersPackage(system, kernel) };
  return { code: 'HeadersMissing', parameters };
};
