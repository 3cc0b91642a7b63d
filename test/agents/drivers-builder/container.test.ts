import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBuildResult } from '../../../lib/drivers/agent-result';
import { BUILD_MOUNTS, DRIVER_SOURCES } from '../../../lib/drivers/build-mounts';
import { lackingOf, runProgram } from '../../artefacts/run-program';
import { kernelHeaders, requireHeaders, SAMPLE_DRIVER, scratch } from '../../drivers/sample-driver';
import { Builder, bundleBuilder, surround } from './surroundings';

jest.setTimeout(300_000);

/**
 * Makes a container's file system in a mount namespace of its own: this machine's files, of which nothing is changed, with
 * the directories of the node where BUILD_MOUNTS says, read-only. Then becomes the agent, without any capability.
 * Arguments: directory for the layers, directory that is shared, driver sources, node directory, one NODE=CONTAINER each, --,
 * the agent's command.
 */
const ENTER = `
set -eu
layers=$1 shared=$2 sources=$3 node=$4; shift 4
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" "$layers/root"
root="$layers/root"
for directory in /proc /dev "$shared"; do
  mkdir -p "$root$directory"; mount --rbind "$directory" "$root$directory"
done
mkdir -p "$root${DRIVER_SOURCES}"; cp -r "$sources/." "$root${DRIVER_SOURCES}/"
while [ "$1" != -- ]; do
  mkdir -p "$root\${1#*=}"
  mount --bind "$node\${1%%=*}" "$root\${1#*=}"; mount -o remount,bind,ro "$root\${1#*=}"
  shift
done
shift
exec chroot "$root" setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
`;

/** Why this machine cannot run such a container; \`undefined\`: it can. */
const lacking = async (directory: string): Promise<string | undefined> => {
  if (process.getuid?.() !== 0) return 'only root can mount';
  const programs = [
    { name: 'unshare', package: 'util-linux' },
    { name: 'setpriv', package: 'util-linux' },
    { name: 'chroot', package: 'coreutils' },
  ];
  const missing = await lackingOf(programs);
  if (missing !== undefined) return missing;
  const trial = `mount -t tmpfs tmpfs "$1" && mkdir "$1/u" "$1/w" "$1/r" && mount -t overlay overlay -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" "$1/r"`;
  return runProgram('unshare', ['--mount', '--propagation', 'private', '/bin/sh', '-c', trial, 'sh', directory]).then(
    () => undefined,
    (error: Error) => error.message,
  );
};

test('the mounts that lib/drivers names are all that a builder needs on a node with packages of Debian', async () => {
  const found = await kernelHeaders();
  if (!requireHeaders(found)) return;
  const { path, remove } = await scratch();
  try {
    const [layers, node, program] = ['layers', 'node', 'drivers-builder.js'].map((name) => join(path, name)) as [
      string,
      string,
      string,
    ];
    await mkdir(layers);
    const missing = await lacking(layers);
    if (missing !== undefined) {
      process.stderr.write(`a builder in a container: SKIPPED: ${missing}\n`);
      return;
    }
    await bundleBuilder(program);
    // The packages as they are, with all their links: nothing of them is installed on this machine.
    await mkdir(join(node, 'usr/lib'), { recursive: true });
    const { packages } = found.kernel;
    for (const name of await readdir(packages)) await runProgram('dpkg-deb', ['-x', join(packages, name), node]);
    await writeFile(join(node, 'usr/lib/os-release'), 'ID=debian\n');
    const { env, order, dist, id, close } = await surround(found.kernel, program);
    try {
      const { PATH, NODE_NAME, WEKA_VERSION, GATEWAY_URL, INSTRUCTIONS } = env;
      const shared = join(path, 'shared');
      await mkdir(shared);
      const inside: Record<string, string> = { TERMINATION_LOG: join(shared, 'termination-log') };
      for (const name of ['GATEWAY_TOKEN_FILE', 'CA_FILE'] as const) {
        inside[name] = join(shared, name);
        await copyFile(env[name], inside[name]);
      }
      await copyFile(program, join(shared, 'agent.js'));
      order();
      const mounts = BUILD_MOUNTS.map(({ hostPath, mountPath }) => `${hostPath}=${mountPath}`);
      const args = [layers, shared, SAMPLE_DRIVER, node, ...mounts, '--', process.execPath, join(shared, 'agent.js')];
      const builder = new Builder(
        spawn('unshare', ['--mount', '--propagation', 'private', '/bin/sh', '-c', ENTER, 'sh', ...args], {
          env: { PATH, NODE_NAME, WEKA_VERSION, GATEWAY_URL, INSTRUCTIONS, ...inside },
        }),
      );
      expect([await builder.ended, builder.lines.filter((line) => /error|Linked/.test(line))]).toEqual([
        0,
        [expect.stringContaining('linux-kbuild-')],
      ]);
      const result = readBuildResult(await readFile(join(shared, 'termination-log'), 'utf8'));
      expect(result).toMatchObject({ kind: 'DriverBuilt', size: dist.stored.get(id)?.length });
    } finally {
      await close();
    }
  } finally {
    await remove();
  }
});
