import { createConnection } from 'node:net';
import type { Socket } from 'node:net';

/** What a command on the node came to. */
export interface Said {
  readonly status: number;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/**
 * A shell on the node, as root, over its second serial port (a socket of QEMU): independent of kubelet, network and
 * containers. One command at a time; the others wait.
 */
export class NodeShell {
  private socket: Socket | undefined;
  private unread = '';
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly path: string) {}

  /** Runs a command under sh. Rejects when the node goes down, or is silent for `timeoutMs`. */
  run(command: string, timeoutMs = 120_000): Promise<Said> {
    const answer = this.last.then(() => this.ask(command, timeoutMs));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  close(): void {
    this.socket?.destroy();
  }

  private async ask(command: string, timeoutMs: number): Promise<Said> {
    const socket = (this.socket ??= await this.connect());
    this.unread = '';
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        socket.off('data', read).off('close', closed);
        settle();
      };
      const closed = (): void => finish(() => reject(new Error(`the node went down during: ${command}`)));
      const timer = setTimeout(
        () => finish(() => reject(new Error(`the node did not answer within ${timeoutMs / 1000} s: ${command}`))),
        timeoutMs,
      );
      const read = (chunk: Buffer): void => {
        this.unread += chunk.toString();
        const answer = /^(\d+) ([\w+/=]*)\n/m.exec(this.unread.replaceAll('\r', ''));
        if (answer === null) return;
        const output = Buffer.from(answer[2] ?? '', 'base64').toString();
        finish(() => resolve({ status: Number(answer[1]), output }));
      };
      socket.on('data', read).once('close', closed);
      socket.write(`${Buffer.from(command).toString('base64')}\n`);
    });
  }

  private connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.path);
      socket.once('connect', () => resolve(socket)).once('error', reject);
    });
  }
}
