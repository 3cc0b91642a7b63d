import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { BuilderPaths } from '../../../agents/drivers-builder/settings';
import { bodyOf, DOCUMENT_KIND } from '../../../lib/drivers/agent-documents';
import { readBuildResult } from '../../../lib/drivers/agent-result';
import { packageId } from '../../../lib/drivers/package';
import { issuePermit } from '../../../lib/drivers/permit';
import { createAuthority, issue } from '../../cluster/certificates';
import { scratch } from '../../drivers/sample-driver';
import { Workshop } from '../../gateway/workshop';
import type { Kernel } from '../../node/vm/kernel';
import { prepareContainer } from './container';
import { FakeDist } from './fake-dist';

/** Makes the program as it lies in the operator's image. */
export const bundleBuilder = async (file: string): Promise<void> => {
  const entryPoints = [join(__dirname, '../../../agents/drivers-builder/main.ts')];
  await build({ entryPoints, outfile: file, bundle: true, platform: 'node', target: 'node20', format: 'cjs' });
};

/** Resolves when `holds`; the test's own limit is the only one: a build takes long where much else is going on. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** A process of the agent, with what it says. */
export class Builder {
  readonly lines: string[] = [];
  readonly ended: Promise<number | string | null>;

  constructor(readonly child: ChildProcess) {
    child.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.lines.push(...text.split('\n').filter(Boolean)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.lines.push(text));
    this.ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string | null);
  }

  said(text: string): boolean {
    return this.lines.some((line) => line.includes(text));
  }
}

/** Everything around a builder's Pod: a real gateway, a service for packages, a node with headers. */
export const surround = async (on: Kernel, program: string) => {
  const { path, remove } = await scratch();
  const workshop = new Workshop();
  await workshop.start();
  const ca = createAuthority('installation');
  const issued = issue(ca, { commonName: 'installation' }, { subject: { commonName: 'dist' }, hosts: ['127.0.0.1'] });
  const dist = new FakeDist(issued);
  const distUrl = await dist.listen();
  const paths: BuilderPaths = await prepareContainer(path, on);
  const agent = workshop.container('drivers-builder');
  const termination = join(path, 'termination-log');
  const target = { wekaVersion: '4.4.2.118', kernel: on.release, architecture: 'amd64' };
  const id = packageId(target);
  const permit = issuePermit('permit key', { packageId: id, podUID: 'pod-1', expires: Date.now() / 1000 + 600 });
  const order = (): void =>
    workshop.exchange.publish({
      agent: agent.id,
      kind: DOCUMENT_KIND.builderDesired,
      body: bodyOf({ ...target, id, distUrl, permit }),
    });
  const env = {
    PATH: process.env['PATH'],
    NODE_NAME: 'node-1',
    WEKA_VERSION: target.wekaVersion,
    MODE: 'drivers-builder',
    GATEWAY_URL: workshop.url,
    GATEWAY_TOKEN_FILE: workshop.file('token', agent.token),
    CA_FILE: workshop.file('ca.crt', `${workshop.ca.caBundle()}\n${ca.certificate}`),
    INSTRUCTIONS: JSON.stringify({
      type: 'build-drivers',
      payload: JSON.stringify({ kernel: target.kernel, arch: target.architecture, buildTimeout: '10m' }),
    }),
    TERMINATION_LOG: termination,
    SCRATCH_DIRECTORY: paths.scratch,
    MODULES_DIRECTORY: paths.modules,
    NODE_LIBRARIES: paths.nodeLibraries,
    LIBRARIES: paths.libraries,
    DRIVER_SOURCES: paths.driverSources,
    WEKA_DIRECTORY: paths.weka,
  };
  const start = (more: Record<string, string> = {}): Builder =>
    new Builder(spawn(process.execPath, [program], { env: { ...env, ...more } }));
  const result = async () => readBuildResult(await readFile(termination, 'utf8').catch(() => ''));
  const close = async (): Promise<void> => {
    await dist.close();
    await workshop.stop();
    await remove();
  };
  return { workshop, dist, agent, id, permit, order, env, start, result, termination, paths, close };
};
