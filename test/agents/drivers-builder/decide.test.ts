import {
  buildProblem,
  compilerProblem,
  describeCompiler,
  headersProblem,
  kernelProblem,
  scriptProblem,
  toolProblem,
} from '../../../agents/drivers-builder/decide';
import type { Ended, HeaderFacts } from '../../../agents/drivers-builder/host';
import type { AgentFailure } from '../../../lib/drivers/agent-result';
import { failureText } from '../../../lib/drivers/failure-text';

const kernel = '6.1.0-56-cloud-amd64';
const node = 'node-1';
const exited = (code: number): Ended => ({ how: 'exited', code });
const killed: Ended = { how: 'killed', signal: 'SIGKILL' };
const notStarted: Ended = { how: 'not started', cause: 'spawn /x ENOENT' };
const textOf = (failure: AgentFailure | undefined): string => (failure === undefined ? 'fine' : failureText(failure));

describe('the kernel check', () => {
  const target = { wekaVersion: '4.4.5', kernel, architecture: 'amd64' };
  const facts = (architecture: string, there: boolean) => ({
    node,
    machine: { architecture, runningKernel: 'another one: it need not be booted', libc: '' },
    directory: { path: `/lib/modules/${kernel}`, there },
  });
  test.each<[string, ReturnType<typeof facts>, string]>([
    ['installed, not booted', facts('amd64', true), 'fine'],
    [
      'not installed',
      facts('amd64', false),
      `Kernel ${kernel} is not installed on node-1: /lib/modules/${kernel} is not there. Install it there together with its headers, or let nodeSelectors select a node that has it; it need not be booted.`,
    ],
    [
      'another architecture',
      facts('arm64', false),
      'Drivers for amd64 are not built on node-1, which is arm64. Let nodeSelectors, or the nodeSelector of the builder, select a node of that architecture.',
    ],
  ])('%s', (_, given, text) => {
    expect(textOf(kernelProblem(target, given))).toBe(text);
  });
});

describe('the headers', () => {
  const headers = (facts: Partial<HeaderFacts> = {}): HeaderFacts => ({
    directory: `/lib/modules/${kernel}/build`,
    missing: [],
    release: kernel,
    compiler: '',
    tools: [],
    ...facts,
  });
  const debian = { id: 'debian', like: [] };
  const problem = (facts: Partial<HeaderFacts>, os = debian): string =>
    textOf(headersProblem(kernel, { node, os, headers: headers(facts) }));

  test('are fine when all is there, also when they do not say for which kernel they are', () => {
    expect([problem({}), problem({ release: '' })]).toEqual(['fine', 'fine']);
  });

  test('missing: the package is named as the node calls it, and the node', () => {
    const missing = [`/usr/src/linux-headers-${kernel}`];
    expect(problem({ missing })).toBe(
      `The headers of kernel ${kernel} are missing on node-1: /usr/src/linux-headers-${kernel} is not there. Install linux-headers-${kernel} on node-1; the build begins by itself.`,
    );
    expect(problem({ missing }, { id: 'rocky', like: ['rhel'] } as never)).toContain(
      `Install kernel-devel-${kernel} on node-1`,
    );
    expect(problem({ missing }, { id: '', like: [] })).toContain(`Install the headers of kernel ${kernel} on node-1`);
  });

  test('of another kernel are missing, too', () => {
    expect(problem({ release: '6.1.0-55' })).toContain(
      'is for 6.1.0-55; what is for 6.1.0-56-cloud-amd64 is not there',
    );
  });
});

describe('the compiler', () => {
  const debian = 'gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0';
  const all = { compiler: '/usr/bin/gcc-12', make: '/usr/bin/make', ld: '/usr/bin/ld' };
  test.each<[string, Partial<typeof all> | Record<string, undefined>, string, string]>([
    ['all is there', {}, debian, 'fine'],
    [
      'no compiler',
      { compiler: undefined },
      debian,
      `no gcc-12; kernel ${kernel} was built with ${debian}. Let builderPreRunScript install what is missing (apt-get update && apt-get install -y gcc-12)`,
    ],
    ['no make', { make: undefined }, debian, `no make; kernel`],
    [
      'nothing at all',
      { compiler: undefined, make: undefined, ld: undefined },
      debian,
      'apt-get install -y gcc-12 make binutils',
    ],
    [
      'no compiler, and the kernel does not say which',
      { compiler: undefined },
      '',
      'no gcc; kernel 6.1.0-56-cloud-amd64 was built with an unknown compiler',
    ],
  ])('%s', (_, without, kernelCompiler, text) => {
    expect(textOf(compilerProblem(kernel, kernelCompiler, { ...all, ...without }))).toContain(text);
  });

  test.each<[string, string, string, string, string | undefined]>([
    ['/usr/bin/gcc-12', '12.4.0', debian, 'gcc 12.4.0', undefined],
    [
      '/usr/bin/gcc',
      '11.2.0',
      debian,
      'gcc 11.2.0 (kernel: 12.2.0)',
      'The kernel was built with compiler version 12.2.0, the modules are built with 11.2.0',
    ],
    ['/usr/bin/clang-17', '17.0.6', 'clang version 17.0.1', 'clang 17.0.6', undefined],
    ['/usr/bin/gcc', '', debian, 'gcc', undefined],
    ['/usr/bin/gcc', '12.2.0', '', 'gcc 12.2.0', undefined],
  ])('%s %s for a kernel of %j is "%s"', (program, version, kernelCompiler, text, warning) => {
    expect(describeCompiler(program, version, kernelCompiler)).toEqual({
      text,
      ...(warning === undefined ? {} : { warning }),
    });
  });
});

describe('a tool of the headers', () => {
  test.each<[string, Ended, string[], string | undefined]>([
    ['complains of its usage', exited(1), ['Usage: fixdep <depfile>'], undefined],
    ['says nothing', exited(0), [], undefined],
    [
      'needs a newer libc',
      exited(1),
      [
        "/lib/modules/x/build/scripts/basic/fixdep: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /lib/modules/x/build/scripts/basic/fixdep)",
      ],
      "fixdep: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found",
    ],
    [
      'needs a library',
      exited(127),
      [
        '/usr/src/x/tools/objtool/objtool: error while loading shared libraries: libelf.so.1: cannot open shared object file: No such file or directory',
      ],
      'objtool: error while loading shared libraries: libelf.so.1: cannot open shared object file: No such file or directory',
    ],
    [
      'is for another processor',
      exited(2),
      ['/x/fixdep: 1: Syntax error: ")" unexpected'],
      'they are no programs for this machine',
    ],
    [
      'is for another processor, with bash',
      exited(126),
      ['/x/fixdep: line 1: ELF: command not found'],
      'they are no programs for this machine',
    ],
    ['needs another loader', notStarted, [], 'spawn /x ENOENT'],
  ])('that %s', (_, ended, lines, problem) => {
    expect(toolProblem(ended, lines)).toBe(problem);
  });
});

describe('the pre-run script', () => {
  test.each<[string, Ended, string[], string]>([
    ['did well', exited(0), ['E: nothing'], 'fine'],
    [
      'failed',
      exited(100),
      ['Reading lists', 'E: Unable to locate package gcc-12'],
      'The pre-run script ended with 100: Reading lists | E: Unable to locate package gcc-12. Correct builderPreRunScript',
    ],
    ['failed silently', exited(1), [], 'The pre-run script ended with 1: it said nothing.'],
    ['was killed', killed, [], 'The pre-run script was killed (SIGKILL): it said nothing.'],
    [
      'has no interpreter',
      notStarted,
      [],
      'The pre-run script could not be started (spawn /x ENOENT): it said nothing.',
    ],
  ])('%s', (_, ended, last, text) => {
    expect(textOf(scriptProblem(ended, last))).toContain(text);
  });
});

describe('the build', () => {
  const target = { kernel, node, path: '/scratch' };
  const said = { error: undefined, full: false, last: [] };
  test.each<[string, Ended, Partial<{ error: string; full: boolean; last: string[] }>, string]>([
    ['did well', exited(0), { error: 'a.c:1:1: error: in a probe' }, 'fine'],
    [
      'failed',
      exited(2),
      { error: 'wekafsio.c:7:2: error: no member', last: ['make: *** 2'] },
      `Building for kernel ${kernel} failed: wekafsio.c:7:2: error: no member. Make sure that the image of the builder supports this kernel, else name another one in builderImageOverride; what the compiler needs beyond is given in extraBuildArgs.`,
    ],
    ['failed in its own words', exited(2), { last: ['one', 'two'] }, 'failed: two'],
    ['failed silently', killed, {}, 'failed: it said nothing.'],
    ['could not be started', notStarted, {}, 'failed: spawn /x ENOENT'],
    [
      'had no room',
      exited(2),
      { full: true, error: 'x: error: y' },
      'There is no room left on node-1 to build in (/scratch).',
    ],
  ])('%s', (_, ended, output, text) => {
    expect(textOf(buildProblem(target, ended, { ...said, ...output }))).toContain(text);
  });
});
