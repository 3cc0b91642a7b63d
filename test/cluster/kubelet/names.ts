import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the stand-in reads of a Service. */
export interface ServiceObject {
  readonly metadata: { readonly uid: string; readonly name: string; readonly namespace: string };
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
}

/** A Pod that a Service may lead to. */
export interface Backend {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly podIP: string;
  readonly ready: boolean;
}

const isOf =
  ({ metadata, spec }: ServiceObject) =>
  ({ namespace, labels, ready }: Backend): boolean =>
    ready &&
    namespace === metadata.namespace &&
    spec.selector !== undefined &&
    Object.entries(spec.selector).every(([name, value]) => labels[name] === value);

/** DNS, kube-proxy and the endpoints in one: the name of a Service is the address of a ready Pod behind it. */
export class Names {
  private readonly services = new Map<string, ServiceObject>();
  private readonly nodes = new Set<() => Iterable<Backend>>();
  private written: string | undefined;

  /** `directory`: what containers see. `fixed`: names of what is no Pod, and their addresses. */
  constructor(
    readonly directory: string,
    private readonly fixed: Readonly<Record<string, string>>,
  ) {
    this.write();
  }

  readonly follower = {
    here: (service: ServiceObject): void => {
      this.services.set(service.metadata.uid, service);
      this.write();
    },
    gone: (service: ServiceObject): void => {
      this.services.delete(service.metadata.uid);
      this.write();
    },
  };

  /** Adds the Pods of a node. */
  add(backends: () => Iterable<Backend>): void {
    this.nodes.add(backends);
  }

  /** Writes the file anew when anything in it has changed; a reader sees the old one or the new one. */
  write(): void {
    const backends = [...this.nodes].flatMap((pods) => [...pods()]);
    const lines = [...this.services.values()].flatMap((service) => {
      const found = backends.find(isOf(service));
      const { name, namespace } = service.metadata;
      return found === undefined
        ? []
        : [`${found.podIP} ${name}.${namespace}.svc.cluster.local ${name}.${namespace}.svc`];
    });
    const known = Object.entries(this.fixed).map(([name, address]) => `${address} ${name}`);
    const text = ['127.0.0.1 localhost', ...known, ...lines.sort(), ''].join('\n');
    if (text === this.written) return;
    this.written = text;
    writeFileSync(join(this.directory, 'hosts.new'), text);
    renameSync(join(this.directory, 'hosts.new'), join(this.directory, 'hosts'));
  }
}
