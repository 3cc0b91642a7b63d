import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Orders } from '../../../agents/drivers-builder/orders';
import { packageContents } from '../../../agents/drivers-builder/package-contents';
import { uploadPackage } from '../../../agents/drivers-builder/upload';
import { packArchive } from '../../../agents/shared/archive';
import { failureOf } from '../../../agents/shared/failure';
import { createLog } from '../../../agents/shared/log';
import { failureText } from '../../../lib/drivers/failure-text';
import type { PackageKey } from '../../../lib/drivers/package';
import { packageId } from '../../../lib/drivers/package';
import { aModule } from '../../drivers/module-file';
import { scratch } from '../../drivers/sample-driver';
import { authority, PERMIT_KEY, permitFor, POD_UID, TestDist } from '../drivers-dist/test-dist';

jest.setTimeout(60_000);

const target: PackageKey = { wekaVersion: '4.4.5', kernel: '6.1.0', architecture: 'amd64' };
const id = packageId(target);

/** A package as the builder makes it; `bytes`: of the code of its one module. */
const built = async (kernel = target.kernel, bytes = 10) => {
  const modinfo = { name: 'wekafsio', vermagic: `${kernel} SMP `, filler: 'x'.repeat(bytes) };
  const toolchain = { compiler: 'gcc 12.2.0', builder: 'kbuild' };
  const contents = packageContents({ ...target, kernel }, [aModule({ modinfo })], toolchain);
  if ('problem' in contents) throw new Error(contents.problem);
  const archive = await packArchive(contents.files);
  return { archive, sha256: createHash('sha256').update(archive).digest('hex'), compiler: toolchain.compiler };
};

let dist: TestDist;
let caFile: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  const { path, remove: gone } = await scratch();
  remove = gone;
  caFile = join(path, 'ca.crt');
  await writeFile(caFile, authority.certificate);
  dist = await TestDist.start();
});
afterEach(async () => {
  await dist.stop();
  await remove();
});

const upload = (what: Awaited<ReturnType<typeof built>>, change: object = {}) => {
  const orders = new Orders();
  const said: string[] = [];
  const log = createLog({}, { write: (line) => said.push(line) });
  const distUrl = `https://127.0.0.1:${dist.port}`;
  orders.take({ ...target, id, distUrl, permit: permitFor(id), ...change });
  const times = { pauseMs: 1, capMs: 20, budgetMs: 60_000 };
  const done = uploadPackage(what, { orders, caFile, log, stop: new AbortController().signal, times }).then(
    () => 'stored',
    (error: unknown) => failureText(failureOf(error)),
  );
  return { done, said };
};
const want = (): void => dist.tell({ packages: [{ id, ...target }] });
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('a distribution service as it is', () => {
  test('takes a package, and reports whose it is; again, it is the same', async () => {
    want();
    const what = await built();
    expect([await upload(what).done, await upload(what).done]).toEqual(['stored', 'stored']);
    expect(await dist.untilHeld(id, 'stored')).toMatchObject({ sha256: what.sha256, podUID: POD_UID });
    expect((await dist.get(id)).body.equals(what.archive)).toBe(true);
  });

  test('takes it once it has heard of it', async () => {
    const { done, said } = upload(await built());
    await until(() => said.some((line) => line.includes('is not wanted here')));
    want();
    expect(await done).toBe('stored');
  });

  test('takes it once it has heard of the key of the permit', async () => {
    want();
    dist.tell({ permitKeys: ['an older key'] });
    const { done, said } = upload(await built('6.1.0', 5_000_000));
    await until(() => said.some((line) => line.includes('The upload permit is forged')));
    dist.tell({ permitKeys: [PERMIT_KEY] });
    expect(await done).toBe('stored');
  });

  test('refuses what is for another kernel, for good', async () => {
    want();
    expect(await upload(await built('6.1.1')).done).toMatch(
      /does not take the package: HTTP 422: .* its manifest is for WEKA 4\.4\.5, kernel 6\.1\.1, amd64\./,
    );
  });

  test('never changes what it has', async () => {
    want();
    const first = await built();
    expect(await upload(first).done).toBe('stored');
    expect(await upload(await built('6.1.0', 11)).done).toMatch(
      /does not take the package: it has other bytes already/,
    );
    expect((await dist.get(id)).body.equals(first.archive)).toBe(true);
  });
});
