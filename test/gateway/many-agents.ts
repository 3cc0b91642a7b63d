import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DOCUMENT_KIND } from '../../lib/drivers/agent-documents';
import type { RunningAgent, Workshop } from './workshop';
import { until } from './workshop';

const ROOT = join(__dirname, '../..');

/** Observers of as many nodes, in a process of their own. */
export class ManyAgents {
  readonly agents: readonly RunningAgent[];
  /** Desired documents that each has heard. */
  readonly told: number[];
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor(
    private readonly shop: Workshop,
    count: number,
  ) {
    this.agents = Array.from({ length: count }, (_, n) => shop.observer(`node-${n}`));
    this.told = Array<number>(count).fill(0);
    shop.file('ca.crt', shop.ca.caBundle() ?? '');
    for (const [n, { token }] of this.agents.entries()) shop.file(`token-${n}`, token);
    const args = [
      '--import',
      'tsx',
      join(ROOT, 'test/gateway/agents-process.ts'),
      shop.url,
      shop.directory,
      String(count),
    ];
    this.child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
    let rest = '';
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString()}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.told[Number(line.slice('told '.length))]! += 1;
    });
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  /** How many the gateway holds a question of. */
  async waiting(): Promise<number> {
    return Number(/gateway_agents (\d+)/.exec(await this.shop.metrics.text())?.[1]);
  }

  /** Resolves when the gateway holds a question of each, and has heard what each sees. */
  async settled(): Promise<void> {
    let waiting = 0;
    await until('all are there', () => {
      void this.waiting().then((now) => (waiting = now));
      return waiting === this.agents.length && this.shop.exchange.reporters().length === this.agents.length;
    });
  }

  publish(n: number, intervalSeconds: number): void {
    const { id } = this.agents[n]!;
    this.shop.exchange.publish({ agent: id, kind: DOCUMENT_KIND.nodeDesired, body: { intervalSeconds } });
  }

  /** Resolves when all together have heard so many. */
  heard(total: number): Promise<void> {
    return until(`${total} are heard`, () => this.told.reduce((sum, one) => sum + one, 0) >= total);
  }

  async stop(): Promise<void> {
    this.child.stdin?.end();
    await this.ended;
  }
}
