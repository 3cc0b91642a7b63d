/** The same by the Watch of client-node, put into a map. */
import { cpuMs, heapMb, peakMb, tell } from '../probe';

const main = async (): Promise<void> => {
  const { kubeconfig, events } = JSON.parse(process.argv[2] ?? '') as { kubeconfig: string; events: number };
  const { KubeConfig, Watch } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const held = new Map<string, unknown>();
  const before = heapMb();
  let [seen, began, cpu] = [0, 0, 0];
  await new Promise<void>((resolve, reject) => {
    const onEvent = (_type: string, object: { metadata: { namespace: string; name: string } }): void => {
      if (seen === 0) [began, cpu] = [performance.now(), cpuMs()];
      held.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
      seen += 1;
      if (seen === events) resolve();
    };
    new Watch(config).watch('/api/v1/pods', { resourceVersion: '1' }, onEvent, reject).catch(reject);
  });
  const seconds = (performance.now() - began) / 1000;
  const spent = cpuMs() - cpu;
  tell({
    rate: events / seconds,
    cpu: (spent * 1000) / events,
    peak: peakMb(),
    kept: heapMb() - before,
    objects: held.size,
  });
};

void main();
