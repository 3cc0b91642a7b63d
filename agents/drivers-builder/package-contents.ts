import { createHash } from 'node:crypto';
import type { ModuleInfo } from '../../lib/drivers/module-info';
import { compareVermagic, readModuleInfo } from '../../lib/drivers/module-info';
import type { PackageKey } from '../../lib/drivers/package';
import { packageKeyOf } from '../../lib/drivers/package';
import type { PackagedModule, PackageManifest, Toolchain } from '../../lib/drivers/package-manifest';
import { MANIFEST_FILE, MANIFEST_SCHEMA } from '../../lib/drivers/package-manifest';
import type { ArchiveFile } from '../shared/archive';

/** A module that was built. */
export interface BuiltModule {
  readonly info: ModuleInfo;
  readonly content: Buffer;
}

/** A sentence without a subject. */
interface Problem {
  readonly problem: string;
}

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/**
 * The files of a package, manifest first, modules in the order of loading. Pure: equal modules, target and toolchain give
 * equal files, whatever order the modules came in.
 */
export const packageContents = (
  target: PackageKey,
  contents: readonly Buffer[],
  toolchain: Toolchain,
): { readonly files: readonly ArchiveFile[] } | Problem => {
  const read = readModules(target, contents);
  if ('problem' in read) return read;
  const ordered = inLoadOrder(read.modules);
  if ('problem' in ordered) return ordered;
  const files = ordered.modules.map(({ info, content }) => ({ name: fileOf(info), content }));
  const manifest: PackageManifest = {
    schema: MANIFEST_SCHEMA,
    ...packageKeyOf(target),
    modules: ordered.modules.map(describe),
    toolchain,
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  return { files: [{ name: MANIFEST_FILE, content: Buffer.from(text) }, ...files] };
};

const fileOf = ({ name }: ModuleInfo): string => `modules/${name}.ko`;

const describe = ({ info, content }: BuiltModule): PackagedModule => ({
  name: info.name,
  file: fileOf(info),
  sha256: sha256Of(content),
  srcversion: info.srcversion,
  vermagic: info.vermagic,
  depends: info.depends,
  ...(info.version === undefined ? {} : { version: info.version }),
  ...(info.signer === undefined ? {} : { signer: info.signer }),
});

const readModules = (
  target: PackageKey,
  contents: readonly Buffer[],
): { readonly modules: readonly BuiltModule[] } | Problem => {
  const modules = new Map<string, BuiltModule>();
  for (const content of contents) {
    const read = readModuleInfo(content);
    if ('problem' in read) return { problem: `one of the modules is none: ${read.problem}` };
    const info = read.module;
    const problem =
      moduleProblem(target, info) ?? (modules.has(info.name) ? `${info.name} was built twice` : undefined);
    if (problem !== undefined) return { problem };
    modules.set(info.name, { info, content });
  }
  return modules.size === 0 ? { problem: 'no module came of it' } : { modules: [...modules.values()] };
};

const moduleProblem = (target: PackageKey, info: ModuleInfo): string | undefined => {
  const { name, architecture, vermagic } = info;
  if (architecture !== target.architecture) return `${name} is for ${architecture}, not ${target.architecture}`;
  const difference = compareVermagic(vermagic, target.kernel);
  return difference === undefined ? undefined : `${name} is for kernel ${difference.module}`;
};

/** What is depended on comes first; else by name. What other packages bring is the loader's to find. */
const inLoadOrder = (modules: readonly BuiltModule[]): { readonly modules: readonly BuiltModule[] } | Problem => {
  const waiting = new Map([...modules].sort(byName).map((module) => [module.info.name, module]));
  const ordered: BuiltModule[] = [];
  while (waiting.size > 0) {
    const next = [...waiting.values()].find(({ info }) => !info.depends.some((name) => waiting.has(name)));
    if (next === undefined) return { problem: `${[...waiting.keys()].join(', ')} need each other` };
    waiting.delete(next.info.name);
    ordered.push(next);
  }
  return { modules: ordered };
};

const byName = (a: BuiltModule, b: BuiltModule): number => (a.info.name < b.info.name ? -1 : 1);
