import fc from 'fast-check';
import { Output } from '../../../agents/drivers-builder/output';

const read = (lines: readonly string[], directory?: string): Output => {
  const output = new Output(directory);
  for (const line of lines) output.take(line);
  return output;
};

const build = [
  '  CC [M]  /scratch/source/b.o',
  "/scratch/source/b.c:30:2: error: implicit declaration of function 'gone'",
  "/scratch/source/a.c:100:2: error: 'struct inode' has no member named 'i_gone'",
  '/scratch/source/a.c:9:10: warning: unused',
  '/scratch/source/a.c:20:2: fatal error: linux/gone.h: No such file or directory',
  'compilation terminated.',
  'ERROR: modpost: "wekafsgw_port" [wekafsio.ko] undefined!',
  'make[1]: *** [scripts/Makefile.build:255: /scratch/source/a.o] Error 1',
  'make: *** [Makefile:2039: /scratch/source] Error 2',
];

describe('what is told of a build', () => {
  test('is its first error, without the directory that it was built in', () => {
    expect(read(build, '/scratch/source').error).toBe('a.c:20:2: fatal error: linux/gone.h: No such file or directory');
  });

  test('is the same error whatever the order in which the lines came', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(build, { minLength: build.length }), (lines) => {
        expect(read(lines, '/scratch/source').error).toBe(
          'a.c:20:2: fatal error: linux/gone.h: No such file or directory',
        );
      }),
    );
  });

  test.each([
    ['the linker', ['ERROR: modpost: "x" undefined!', 'make: *** 1'], 'ERROR: modpost: "x" undefined!'],
    [
      'an argument',
      ["gcc: error: unrecognized command-line option '-fx'", 'make: *** 1'],
      "gcc: error: unrecognized command-line option '-fx'",
    ],
    ['a missing program', ['/bin/sh: 1: gcc-13: not found', 'make: *** 1'], '/bin/sh: 1: gcc-13: not found'],
    ['make', ["make: *** No rule to make target 'x'.  Stop."], "make: *** No rule to make target 'x'.  Stop."],
    ['nobody', ['Entering directory'], undefined],
  ])('is what %s says where no file is named', (_, lines, error) => {
    expect(read(lines).error).toBe(error);
  });

  test('knows a full disk, and the last lines, cut', () => {
    const output = read(['1', '2', ' ', '3', '4', '5', `cc1: No space left on device ${'x'.repeat(500)}`]);
    expect(output.full).toBe(true);
    expect(output.last).toHaveLength(5);
    expect(output.last[0]).toBe('2');
    expect(output.last[4]).toHaveLength(201);
  });
});
