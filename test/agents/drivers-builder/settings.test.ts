import { readPaths, readSettings } from '../../../agents/drivers-builder/settings';

const machine = { architecture: 'amd64', runningKernel: '6.1.0-running', libc: 'glibc 2.36' };
const env = { NODE_NAME: 'node-1', WEKA_VERSION: '4.4.5.118-k8s.4', GATEWAY_URL: 'https://gateway:9443' };
const instructions = (payload: unknown, type = 'build-drivers'): string =>
  JSON.stringify({ type, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) });
const kernel = '5.15.0-91-generic';

describe('what a builder is told', () => {
  test('is read from the environment of its Pod', () => {
    const payload = { kernel, arch: 'arm64', extraBuildArgs: ['V=1', 'A=b c'], buildTimeout: '1h' };
    const script = '#!/bin/sh\necho é\n';
    expect(
      readSettings(
        {
          ...env,
          INSTRUCTIONS: instructions(payload),
          PRE_RUN_SCRIPT: Buffer.from(script).toString('base64'),
          GATEWAY_TOKEN_FILE: '/token',
          CA_FILE: '/ca.crt',
        },
        machine,
      ),
    ).toEqual({
      settings: {
        node: 'node-1',
        target: { wekaVersion: '4.4.5.118-k8s.4', kernel, architecture: 'arm64' },
        extraBuildArgs: ['V=1', 'A=b c'],
        timeout: { text: '1h', ms: 3_600_000 },
        preRunScript: script,
        gateway: { url: 'https://gateway:9443', tokenFile: '/token', caFile: '/ca.crt' },
      },
    });
  });

  test('without instructions: the kernel that its node runs, half an hour, no script', () => {
    const read = readSettings({ ...env, PRE_RUN_SCRIPT: '' }, machine);
    expect(read).toEqual({
      settings: {
        node: 'node-1',
        target: { wekaVersion: '4.4.5.118-k8s.4', kernel: '6.1.0-running', architecture: 'amd64' },
        extraBuildArgs: [],
        timeout: { text: '30m', ms: 1_800_000 },
        gateway: {
          url: 'https://gateway:9443',
          tokenFile: '/var/run/secrets/weka-operator/token',
          caFile: '/etc/weka-operator/ca/ca.crt',
        },
      },
    });
  });

  test.each(['5.14.0-427.13.1.el9_4.aarch64+64k', '6.1.0-56-cloud-amd64', '5.10.0-1~exp', 'a'.repeat(255)])(
    'takes kernel %s',
    (release) => {
      const read = readSettings({ ...env, INSTRUCTIONS: instructions({ kernel: release, arch: 'amd64' }) }, machine);
      expect(read).toMatchObject({ settings: { target: { kernel: release } } });
    },
  );

  test.each<[string, string, string]>([
    ['text', 'build!', 'they are not a JSON object'],
    ['a list', '[]', 'they are not a JSON object'],
    ['another type', instructions({}, 'sign-drives'), 'their type is not build-drivers'],
    ['no payload', '{"type":"build-drivers"}', 'their payload is not a JSON object'],
    ['a payload of text', instructions('kernel'), 'their payload is not a JSON object'],
    ['an empty payload', instructions({}), 'kernel is not a kernel release, arch is missing'],
    ['a kernel that climbs', instructions({ kernel: '../../etc', arch: 'amd64' }), 'kernel is not a kernel release'],
    ['a kernel that is a directory', instructions({ kernel: '..', arch: 'amd64' }), 'kernel is not a kernel release'],
    ['a kernel with a space', instructions({ kernel: '6.1 -x', arch: 'amd64' }), 'kernel is not a kernel release'],
    ['a kernel too long', instructions({ kernel: 'a'.repeat(256), arch: 'x' }), 'kernel is not a kernel release'],
    [
      'arguments in one text',
      instructions({ kernel, arch: 'amd64', extraBuildArgs: 'V=1' }),
      'extraBuildArgs is not a list of texts',
    ],
    [
      'an argument with a zero',
      instructions({ kernel, arch: 'amd64', extraBuildArgs: ['a\0b'] }),
      'extraBuildArgs is not a list of texts',
    ],
    [
      'no time',
      instructions({ kernel, arch: 'amd64', buildTimeout: '0' }),
      'buildTimeout is not a duration above zero',
    ],
    [
      'a number of time',
      instructions({ kernel, arch: 'amd64', buildTimeout: 30 }),
      'buildTimeout is not a duration above zero',
    ],
  ])('is refused with %s', (_, text, problems) => {
    expect(readSettings({ ...env, INSTRUCTIONS: text }, machine)).toEqual({
      failure: { code: 'BuildInstructionsInvalid', parameters: { problems } },
    });
  });

  test.each(['NODE_NAME', 'WEKA_VERSION', 'GATEWAY_URL'])('is refused without %s', (name) => {
    expect(readSettings({ ...env, [name]: '' }, machine)).toEqual({
      failure: { code: 'AgentMisconfigured', parameters: { name, cause: 'is not set' } },
    });
  });

  test('the directories of the container can be said', () => {
    expect(readPaths({ DRIVER_SOURCES: '/src', SCRATCH_DIRECTORY: '' })).toEqual({
      scratch: '/var/lib/weka-build',
      modules: '/lib/modules',
      nodeLibraries: '/host/usr/lib',
      libraries: '/usr/lib',
      driverSources: '/src',
      weka: '/opt/weka',
    });
  });
});
