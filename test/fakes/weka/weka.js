#!/usr/bin/env node
/**
 * A stand-in for WEKA's command line, for tests. It is not WEKA's and knows nothing of WEKA's work: it keeps a state in
 * weka-state.json beside it, and answers like the real one as far as WEKA's public operator shows what it expects of it.
 *
 *   weka driver --help
 *   weka driver pack --without-agent --version VERSION
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { crc32 } = require('node:zlib');

const stateFile = join(dirname(__filename), 'weka-state.json');
/** { directory: '/opt/weka', canPack: true, drivers: { VERSION: [path of a module, ...] }, kernel: '6.1.0', packed: [] } */
const state = JSON.parse(readFileSync(stateFile, 'utf8'));

const fail = (message, code = 1) => {
  process.stderr.write(`error: ${message}\n`);
  process.exit(code);
};

/** A zip archive of files that are stored, not compressed. */
const zip = (files) => {
  const [locals, directory] = [[], []];
  let offset = 0;
  for (const { name, content } of files) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), content]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), common, central, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, ...directory, Buffer.from('PK\x05\x06'), end]);
};

const help = () => {
  const commands = ['build', 'download', 'install', 'kernel', ...(state.canPack ? ['pack'] : []), 'ready'];
  process.stdout.write(
    `Usage:\n  weka driver [command]\n\nCommands:\n${commands.map((name) => `  ${name}\n`).join('')}`,
  );
};

const option = (args, name) => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
};

const pack = (args) => {
  if (!state.canPack) fail('unknown command "pack"', 2);
  if (!args.includes('--without-agent')) fail('the agent does not run');
  const version = option(args, '--version');
  const modules = state.drivers[version];
  if (modules === undefined) fail(`Version missing: ${version}`);
  const signature = createHash('sha256').update(state.kernel).digest('hex').slice(0, 16);
  const hash = createHash('sha256').update(version).digest('hex').slice(0, 12);
  const drivers = join(state.directory, 'dist', 'drivers');
  mkdirSync(drivers, { recursive: true });
  const files = modules.map((path) => ({ name: `drivers/${basename(path)}`, content: readFileSync(path) }));
  writeFileSync(join(drivers, `weka-driver-${hash}-${signature}.zip`), zip(files));
  state.packed.push(version);
  writeFileSync(stateFile, JSON.stringify(state));
  process.stdout.write(`Packed the drivers of ${version}\n`);
};

const [group, command, ...args] = process.argv.slice(2);
if (group !== 'driver') fail(`unknown command "${group}"`, 2);
else if (command === 'pack') pack(args);
else help();
