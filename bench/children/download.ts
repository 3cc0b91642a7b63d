/**
 * Downloads a file again and again over some connections, and throws it away as it comes. It must cost less than the
 * server: bytes are read into one buffer, and over TLS only the answer to a HEAD is decrypted, which tells how long each
 * answer is; of the others only the lengths of the records are read.
 */
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { answerLength, RecordMeter } from '../answer-meter';
import { cpuMs, tell } from '../probe';

interface Options {
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  readonly connections: number;
  /** Over all connections. */
  readonly downloads: number;
  /** Of the file, in bytes. */
  readonly size: number;
}

const options = JSON.parse(process.argv[2] ?? '') as Options;
const HOST = '127.0.0.1';
const requestOf = (method: string): string => `${method} ${options.path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
const GET = requestOf('GET');
const buffer = Buffer.allocUnsafe(1 << 20);

/** What is between the connection and the content. */
interface Layer {
  readonly send: (request: string) => void;
  /** Bytes that are to be understood: their content is told to `hear`. */
  readonly understand: (bytes: Buffer) => void;
  /** How much content bytes have, without understanding them. */
  readonly count: (bytes: Buffer) => number;
  readonly atEnd: () => boolean;
}

type Way = (send: (bytes: Uint8Array | string) => void, hear: (bytes: Buffer) => void) => Layer;

const clear: Way = (send, hear) => ({ send, understand: hear, count: ({ length }) => length, atEnd: () => true });

const encrypted: Way = (send, hear) => {
  const incoming = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _, done) => {
      send(bytes);
      done();
    },
  });
  // Certificates are of no interest here. Only records of TLS 1.3 all look the same.
  const secure = connectTls({ socket: incoming, rejectUnauthorized: false, minVersion: 'TLSv1.3' });
  secure.on('data', hear).on('error', fail);
  const meter = new RecordMeter();
  return {
    send: (request) => void secure.write(request),
    understand: (bytes) => void incoming.push(Buffer.from(bytes)),
    count: (bytes) => meter.count(bytes, bytes.length),
    atEnd: () => meter.atEnd,
  };
};

class Connection {
  /** Of the answer at hand, so far. */
  private content = 0;
  /** Of each answer; known from the first one, which is the head alone. */
  private length: number | undefined;
  private head = '';
  private answered: () => void = () => undefined;
  private readonly layer: Layer;

  constructor() {
    const onread = {
      buffer,
      callback: (length: number) => {
        this.read(buffer.subarray(0, length));
        return true;
      },
    };
    const socket = connect({ port: options.port, host: HOST, onread });
    socket.on('error', fail).on('close', () => fail(new Error('the server ended a connection')));
    this.layer = (options.tls ? encrypted : clear)(
      (bytes) => void socket.write(bytes),
      (bytes) => this.hear(bytes),
    );
  }

  /** Before the first download. */
  begin(): Promise<void> {
    return this.ask(requestOf('HEAD'));
  }

  /** Asks for the file; resolves when it has come. */
  download(): Promise<void> {
    this.content = 0;
    return this.ask(GET);
  }

  private ask(request: string): Promise<void> {
    this.layer.send(request);
    return new Promise((resolve) => (this.answered = resolve));
  }

  private read(bytes: Buffer): void {
    if (this.length === undefined) return this.layer.understand(bytes);
    this.content += this.layer.count(bytes);
    if (this.content < this.length || !this.layer.atEnd()) return;
    if (this.content > this.length) throw new Error(`an answer of ${this.content} bytes in place of ${this.length}`);
    this.answered();
  }

  private hear(bytes: Buffer): void {
    this.head += bytes.toString('latin1');
    this.length = answerLength(this.head);
    if (this.length !== undefined) this.answered();
  }
}

const fail = (error: Error): never => {
  throw error;
};

const main = async (): Promise<void> => {
  const { downloads, size } = options;
  const connections = Array.from({ length: options.connections }, () => new Connection());
  await Promise.all(connections.map((connection) => connection.begin()));
  const [began, before] = [performance.now(), cpuMs()];
  let begun = 0;
  const work = async (connection: Connection): Promise<void> => {
    while (begun < downloads) {
      begun += 1;
      await connection.download();
    }
  };
  await Promise.all(connections.map(work));
  const megabytes = (downloads * size) / 1e6;
  const seconds = (performance.now() - began) / 1000;
  tell({ rate: megabytes / seconds, megabytes, clientCpu: (cpuMs() - before) / megabytes });
};

void main();
