import { findProgram, lackingOf, runProgram } from './run-program';

describe('running a program', () => {
  test('gives what it said, and takes arguments and input as they are', async () => {
    expect(await runProgram('cat', [], { stdin: 'a "quoted" $HOME' })).toBe('a "quoted" $HOME');
    expect(await runProgram('printf', ['%s', '$(id)'])).toBe('$(id)');
  });

  test.each([
    [
      'that fails is told with its exit code and complaint',
      'ls',
      ['/no/such'],
      /^ls \/no\/such ended with 2: .*No such file/,
    ],
    ['that is killed is told with the signal', 'sh', ['-c', 'kill -9 $$'], /ended with SIGKILL/],
    ['that does not exist is told by its name', 'no-such-program', [], /^no-such-program: .*ENOENT/],
  ])('one %s', async (_what, program, args, message) => {
    await expect(runProgram(program, args)).rejects.toThrow(message);
  });

  test('one that ends before it has read its input fails by its exit code', async () => {
    await expect(runProgram('false', [], { stdin: 'x'.repeat(1_000_000) })).rejects.toThrow('ended with 1');
  });
});

describe('what must be installed', () => {
  test('a program is found on the PATH and in the directories of administrators', async () => {
    expect(await findProgram('sh')).toMatch(/\/sh$/);
    expect(await findProgram('no-such-program')).toBeUndefined();
  });

  test('what is missing is named once, with the packages that have it', async () => {
    const lacking = await lackingOf([
      { name: 'sh', package: 'dash' },
      { name: '/etc/passwd', package: 'base-passwd' },
      { name: 'no-such-program', package: 'nothing' },
      { name: '/no/such/file', package: 'nothing' },
    ]);
    expect(lacking).toBe('no-such-program, /no/such/file not found (Debian packages: nothing)');
    expect(await lackingOf([{ name: 'sh', package: 'dash' }])).toBeUndefined();
  });
});
