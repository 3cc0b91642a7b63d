import {
  compilerCandidates,
  headersPackage,
  majorOf,
  readCompiler,
  readOsRelease,
} from '../../lib/drivers/build-headers';

describe('the package with the headers of a kernel', () => {
  const release = (text: string) => readOsRelease(text);
  test.each([
    ['ID=debian\n', '6.1.0-56-cloud-amd64', 'linux-headers-6.1.0-56-cloud-amd64'],
    ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', '5.15.0-91-generic', 'linux-headers-5.15.0-91-generic'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', '5.15.0-91-generic', 'linux-headers-5.15.0-91-generic'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', '5.14.0-427.el9.x86_64', 'kernel-devel-5.14.0-427.el9.x86_64'],
    ['ID="rhel"\n', '5.14.0-427.13.1.el9_4.x86_64+rt', 'kernel-rt-devel-5.14.0-427.13.1.el9_4.x86_64'],
    ["ID='ol'\nID_LIKE='fedora'\n", '5.15.0-200.el9uek.x86_64', 'kernel-uek-devel-5.15.0-200.el9uek.x86_64'],
    ['ID="sles"\nID_LIKE="suse"\n', '5.14.21-150500.55-default', 'kernel-default-devel'],
    ['ID=amzn\n', '6.1.79-99.amzn2023.x86_64', 'kernel-devel-6.1.79-99.amzn2023.x86_64'],
    ['ID=nixos\n', '6.6.1', 'the headers of kernel 6.6.1'],
    ['', '6.6.1', 'the headers of kernel 6.6.1'],
    ['ID=constructor\nID_LIKE=__proto__\n', '6.6.1', 'the headers of kernel 6.6.1'],
  ])('%j and kernel %s: %s', (text, kernel, expected) => {
    expect(headersPackage(release(text), kernel)).toBe(expected);
  });

  test('VERSION_ID is not ID', () => {
    expect(release('VERSION_ID="12"\nID=debian\n')).toEqual({ id: 'debian', like: [] });
  });
});

describe('the compiler of a kernel', () => {
  test.each([
    ['gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40', 'gcc-12', '12.2.0'],
    ['gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0', 'gcc-12', '12.2.0'],
    ['x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0', 'x86_64-linux-gnu-gcc-13', '13.2.0'],
    ['gcc (GCC) 11.4.1 20231218 (Red Hat 11.4.1-3)', 'gcc', '11.4.1'],
    ['gcc version 8.5.0 20210514 (Red Hat 8.5.0-18) (GCC) ', 'gcc', '8.5.0'],
    ['clang version 17.0.6 (Fedora 17.0.6-2.fc39)', 'clang', '17.0.6'],
    ['Ubuntu clang version 14.0.0-1ubuntu1.1', 'clang', '14.0.0'],
    ['$(rm -rf /) 12', '', ''],
    ['', '', ''],
  ])('%j is %s %s', (text, program, version) => {
    expect(readCompiler(text)).toEqual({ program, version });
  });

  test.each([
    ['gcc-12', '12.2.0', ['gcc-12', 'gcc', 'cc']],
    ['gcc', '11.4.1', ['gcc-11', 'gcc', 'cc']],
    ['x86_64-linux-gnu-gcc-13', '13.2.0', ['x86_64-linux-gnu-gcc-13', 'gcc-13', 'gcc', 'cc']],
    ['clang', '17.0.6', ['clang-17', 'clang']],
    ['', '', ['gcc', 'cc']],
  ])('built with %s %s, it looks for %j', (program, version, expected) => {
    expect(compilerCandidates({ program, version })).toEqual(expected);
  });

  test.each([
    ['12.2.0', 12],
    ['9', 9],
    ['', 0],
  ])('the major version of %j is %d', (version, major) => {
    expect(majorOf(version)).toBe(major);
  });
});
