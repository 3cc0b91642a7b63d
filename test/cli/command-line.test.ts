import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Workplace } from './command';
import { workplace } from './command';

let place: Workplace;
let directory = '';
beforeEach(() => {
  place = workplace();
  ({ directory } = place);
});
afterEach(() => place.remove());
const run: Workplace['run'] = (args, options) => place.run(args, options);
const write: Workplace['write'] = (name, content) => place.write(name, content);

const policy = (name = 'drivers'): string => `apiVersion: weka.weka.io/v1alpha1
kind: WekaPolicy
metadata:
  name: ${name}
  namespace: operators
spec:
  type: enable-local-drivers-distribution
  image: registry.example.com/weka-in-container:4.4.5.118-k8s.4
  payload:
    driverDistPayload:
      ensureImages: [registry.example.com/weka-in-container:4.4.5.118-k8s.4]
`;
const client = (more = ''): string => `apiVersion: weka.weka.io/v1alpha1
kind: WekaClient
metadata:
  name: clients
spec:
  image: registry.example.com/weka-in-container:4.4.5.118-k8s.4
  joinIpPorts: ["10.0.0.1:14000"]
${more}`;

describe('help and usage', () => {
  test.each(['lint', 'synth', 'plan', 'simulate', 'demo', 'manager'])(
    '%s --help teaches: description, examples, exit codes; status 0',
    (command) => {
      const { status, stdout, stderr } = run([command, '--help']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/Examples:\n {2}# .+\n {2}.*weka-operator/);
      expect(stdout).toMatch(/Exit codes:\n {2}0 {2}/);
    },
  );

  test('the help of the whole names every command', () => {
    const { stdout } = run(['--help']);
    for (const command of ['lint', 'synth', 'plan', 'simulate', 'demo', 'manager'])
      expect(stdout).toContain(`  ${command} `);
  });

  test.each([
    ['no command', []],
    ['an unknown command', ['lnt']],
    ['an unknown option', ['lint', '--fast']],
    ['no file', ['lint']],
    ['a format that does not exist', ['lint', '-f', 'a.yaml', '-o', 'xml']],
    ['a seed that is no number', ['simulate', '-f', 'a.yaml', '--nodes', 'n.yaml', '--seed', 'x']],
    ['a simulation without nodes', ['simulate', '-f', 'a.yaml']],
    ['a log level that does not exist', ['manager', '--log-level', 'chatty']],
    ['builds at a time that are no number', ['manager', '--drivers-max-builds', 'many']],
    ['no builds at a time', ['manager', '--drivers-max-builds', '0']],
    ['no node at a time', ['manager', '--drivers-max-unavailable', '0']],
    ['a share of more than all', ['manager', '--drivers-max-unavailable', '101%']],
    ['a node list and a kubeconfig', ['plan', '-f', 'a.yaml', '--nodes', 'n.yaml', '--kubeconfig', 'k']],
  ])('%s is wrong usage: status 2, nothing on standard output', (_what, args) => {
    const { status, stdout, stderr } = run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });
});

describe('bad input: one clear message each, with the remedy', () => {
  const bad: Record<
    string,
    { readonly file: () => string; readonly rule: string; readonly line: number; readonly says: RegExp }
  > = {
    'an unknown field': {
      file: () => write('a.yaml', client('  imagePullSecrt: key\n')),
      rule: 'unknown-field',
      line: 8,
      says: /imagePullSecrt/,
    },
    'a wrong type': {
      file: () => write('a.yaml', client('  coresNum: two\n')),
      rule: 'wrong-type',
      line: 8,
      says: /whole number/,
    },
    'a wrong apiVersion': {
      file: () => write('a.yaml', client().replace('weka.weka.io', 'weka.io')),
      rule: 'wrong-api-version',
      line: 1,
      says: /weka\.io\/v1alpha1/,
    },
    'unparsable YAML': { file: () => write('a.yaml', 'a: "b" \\ c\n'), rule: 'yaml-invalid', line: 1, says: /./ },
    'a key written twice': {
      file: () => write('a.yaml', client('  image: other:1.2.3\n')),
      rule: 'yaml-invalid',
      line: 8,
      says: /unique/,
    },
    'a list instead of an object': {
      file: () => write('a.yaml', '- a\n'),
      rule: 'yaml-invalid',
      line: 1,
      says: /a list, not an object/,
    },
    'a binary file': {
      file: () => write('a.yaml', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1])),
      rule: 'file-not-text',
      line: 1,
      says: /not text/,
    },
    'text in another encoding': {
      file: () => write('a.yaml', Buffer.from([0x61, 0x3a, 0x20, 0xe4, 0x0a])),
      rule: 'file-not-text',
      line: 1,
      says: /not text/,
    },
    'an empty file': { file: () => write('a.yaml', ''), rule: 'file-empty', line: 1, says: /holds no object/ },
    'a file of comments': {
      file: () => write('a.yaml', '# nothing\n---\n'),
      rule: 'file-empty',
      line: 1,
      says: /holds no object/,
    },
    'a file above 10 MB': {
      file: () => write('a.yaml', Buffer.alloc(10 * 1024 * 1024 + 1, 0x23)),
      rule: 'file-too-large',
      line: 1,
      says: /10\.0 MB; the limit is 10 MB/,
    },
    'a missing file': { file: () => 'missing.yaml', rule: 'file-unreadable', line: 1, says: /no such file/ },
    'a file in the place of a directory': {
      file: () => `${write('a.yaml', client())}/b.yaml`,
      rule: 'file-unreadable',
      line: 1,
      says: /a part of the path is a file/,
    },
    'a directory without manifests': {
      file: () => (mkdirSync(join(directory, 'empty')), 'empty'),
      rule: 'file-unreadable',
      line: 1,
      says: /no \.yaml/,
    },
    'an object without a name': {
      file: () => write('a.yaml', client().replace('  name: clients', '  namespace: a')),
      rule: 'missing-name',
      line: 3,
      says: /no name/,
    },
    'the same object twice': {
      file: () => write('a.yaml', `${client()}---\n${client()}`),
      rule: 'duplicate-object',
      line: 12,
      says: /a\.yaml:1/,
    },
    'a Helm template': {
      file: () => write('a.yaml', '{{- if .Values.on }}\na: b\n'),
      rule: 'yaml-invalid',
      line: 1,
      says: /./,
    },
  };
  test.each(Object.entries(bad))('%s', (_what, { file, rule, line, says }) => {
    const name = file();
    const { status, stdout, stderr } = run(['lint', '-f', name, '-o', 'json']);
    const findings = JSON.parse(stdout) as Record<string, unknown>[];
    const found = findings.find((each) => each['rule'] === rule);
    expect(found).toMatchObject({ file: name, line, severity: 'error' });
    expect(found!['message']).toMatch(says);
    expect(String(found!['remedy'])).not.toBe('');
    expect(Object.keys(found!).sort()).toEqual([
      'document',
      'field',
      'file',
      'kind',
      'line',
      'message',
      'name',
      'remedy',
      'rule',
      'severity',
    ]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  });

  test.each([
    ['plan', [], 'Nothing was planned.'],
    ['simulate', ['--nodes', 'nodes.yaml'], 'Nothing was simulated.'],
    ['synth', ['-o', 'out'], 'Nothing was written.'],
  ])('%s names what is wrong as lint does, and does nothing', (command, more, says) => {
    write('nodes.yaml', 'nodes: [{name: a}]\n');
    const file = write('a.yaml', client('  imagePullSecrt: key\n'));
    const { status, stdout, stderr } = run([command, '-f', file, ...more]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('a.yaml:8');
    expect(stderr).toMatch(/remedy +Write imagePullSecret/);
    expect(stderr).toContain(says);
    expect(readdirSync(directory).sort()).toEqual(['a.yaml', 'node_modules', 'nodes.yaml']);
  });

  test('a node list with a node twice', () => {
    const nodes = write('nodes.yaml', 'nodes:\n  - name: a\n  - name: b\n  - name: a\n');
    const { status, stdout, stderr } = run(['plan', '-f', write('a.yaml', policy()), '--nodes', nodes]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('nodes.yaml:4');
    expect(stderr).toContain('Node "a" was already given in nodes.yaml:2');
  });

  test('the data of a Secret is never printed', () => {
    const secret = write(
      'a.yaml',
      'apiVersion: v1\nkind: Secret\nmetadata: {name: 1}\ndata: {password: aHVudGVyMg==}\nstringData: {token: hunter2}\n',
    );
    for (const format of ['table', 'json', 'yaml']) {
      const { stdout, stderr } = run(['lint', '-f', secret, '-o', format]);
      expect(stdout + stderr).not.toMatch(/hunter2|aHVudGVyMg/);
    }
  });
});

describe('lint', () => {
  test('nothing wrong: status 0, an empty array', () => {
    const { status, stdout } = run(['lint', '-f', write('a.yaml', client()), '-o', 'json']);
    expect({ status, findings: JSON.parse(stdout) as unknown }).toEqual({ status: 0, findings: [] });
  });

  test('warnings pass, unless strict', () => {
    const file = write('a.yaml', client('  network: {udpMode: true}\n'));
    expect(run(['lint', '-f', file]).status).toBe(0);
    expect(run(['lint', '-f', file, '--strict']).status).toBe(1);
  });

  test('directories, several files and standard input are read together', () => {
    write('dir/b/c.yml', policy('one'));
    write('dir/a.json', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'operators' } }));
    write('dir/notes.txt', 'not: read');
    const { status, stderr } = run(['lint', '-f', 'dir', '-f', '-'], { input: policy('two') });
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'No findings: 3 objects in 3 files.\n' });
  });

  test('no colour without a terminal', () => {
    const { stdout, stderr } = run(['lint', '-f', write('a.yaml', client('  size: 3\n'))]);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(stdout).toMatch(/^a\.yaml:8 {2}WekaClient\/clients spec\.size\n {2}error {4}.+\n {2}remedy {3}.+\n$/);
  });
});

describe('synth', () => {
  const files = (): Record<string, string> => {
    const out = join(directory, 'out');
    const names = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return Object.fromEntries(
      names.map((entry) => [
        join(entry.parentPath, entry.name).slice(out.length + 1),
        readFileSync(join(entry.parentPath, entry.name), 'utf8'),
      ]),
    );
  };

  test('twice gives the same bytes, whatever the order of the input', () => {
    write('a.yaml', policy());
    write('b.yaml', client());
    expect(run(['synth', '-f', 'a.yaml', '-f', 'b.yaml', '-o', 'out']).status).toBe(0);
    const first = files();
    expect(Object.keys(first).sort()).toEqual([
      '.weka-operator-synth',
      'operators/wekapolicy-drivers.yaml',
      'wekaclient-clients.yaml',
    ]);
    const again = run(['synth', '-f', 'b.yaml', '-f', 'a.yaml', '-o', 'out']);
    expect(again.stderr).toContain('0 written, 2 unchanged, 0 removed');
    expect(files()).toEqual(first);
  });

  test('standard output is one valid stream of documents, and nothing else', () => {
    const { status, stdout } = run([
      'synth',
      '-f',
      write('a.yaml', `${policy()}---\n${client()}`),
      '-o',
      '-',
      '--argo',
    ]);
    const kinds = parseAllDocuments(stdout).map((document) => (document as { toJS(): { kind: string } }).toJS().kind);
    expect({ status, kinds }).toEqual({ status: 0, kinds: ['WekaPolicy', 'WekaClient'] });
    expect(stdout).toContain('argocd.argoproj.io/sync-wave: "2"');
  });

  test('what says something stays, what a server added goes', () => {
    const more = `  network: {}\n  additionalMemory: 0\n  wekaSecretRef: ""\nstatus: {status: Running}\n`;
    const file = write(
      'a.yaml',
      client(more).replace(
        '  name: clients',
        '  name: clients\n  uid: abc\n  resourceVersion: "7"\n  labels: {up: "yes", number: "0777"}',
      ),
    );
    const { stdout } = run(['synth', '-f', file, '-o', '-']);
    const [document] = parseAllDocuments(stdout, { version: '1.1' });
    expect((document as { toJS(): unknown }).toJS()).toEqual({
      apiVersion: 'weka.weka.io/v1alpha1',
      kind: 'WekaClient',
      metadata: { name: 'clients', labels: { up: 'yes', number: '0777' } },
      spec: {
        additionalMemory: 0,
        image: 'registry.example.com/weka-in-container:4.4.5.118-k8s.4',
        joinIpPorts: ['10.0.0.1:14000'],
        network: {},
        wekaSecretRef: '',
      },
    });
  });

  test('a script stays readable, a word that YAML 1.1 takes for a truth value is quoted', () => {
    const map = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts}\ndata:\n  "on": "yes"\n  run.sh: "#!/bin/sh\\nset -e\\necho done\\n"\n`;
    const { stdout } = run(['synth', '-f', write('a.yaml', map), '-o', '-']);
    expect(stdout).toContain('  "on": "yes"\n  run.sh: |\n    #!/bin/sh\n    set -e\n    echo done\n');
  });

  test('stale files of ours go, those of others stay', () => {
    write('a.yaml', policy('one'));
    write('b.yaml', policy('two'));
    run(['synth', '-f', 'a.yaml', '-f', 'b.yaml', '-o', 'out']);
    write('out/operators/README.md', 'mine');
    expect(run(['synth', '-f', 'a.yaml', '-o', 'out']).stderr).toContain('removed out/operators/wekapolicy-two.yaml');
    expect(Object.keys(files()).sort()).toEqual([
      '.weka-operator-synth',
      'operators/README.md',
      'operators/wekapolicy-one.yaml',
    ]);
  });

  test.each([
    [
      'a directory that is not ours',
      () => write('out/other.txt', 'mine'),
      /holds files that this command did not write/,
    ],
    ['a file in the place of the directory', () => write('out', 'mine'), /it is a file/],
  ])('%s is refused and left alone', (_what, prepare, says) => {
    prepare();
    const { status, stdout, stderr } = run(['synth', '-f', write('a.yaml', policy()), '-o', 'out']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/remedy/);
  });

  test('an error in one document: nothing is written at all', () => {
    write('a.yaml', policy());
    write('b.yaml', client('  size: 3\n'));
    const { status, stderr } = run(['synth', '-f', 'a.yaml', '-f', 'b.yaml', '-o', 'out']);
    expect(status).toBe(1);
    expect(stderr).toContain('Nothing was written.');
    expect(readdirSync(directory)).not.toContain('out');
  });

  test('Secrets are left out and named', () => {
    const { stdout, stderr } = run([
      'synth',
      '-f',
      write(
        'a.yaml',
        `${policy()}---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: hunter2}\n`,
      ),
      '-o',
      '-',
    ]);
    expect(stdout).not.toContain('hunter2');
    expect(stderr).toContain('left out Secret/key');
  });
});

describe('plan', () => {
  const nodes = (): string => write('nodes.yaml', 'nodes:\n  - {name: node, count: 2, kernel: 6.1.0-28-amd64}\n');

  test('names every child with its reason', () => {
    const { status, stdout } = run(['plan', '-f', write('a.yaml', policy()), '--nodes', nodes()]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^WekaPolicy\/operators\/drivers\n├─ \+ create Service\/drivers-dist {2}\(.+\)$/m);
    expect(stdout).toMatch(/^└─ \+ create WekaContainer\/drivers-dist {2}.+\n {3}└─ \+ create Pod\/drivers-dist/m);
    expect(stdout).toMatch(/Plan: \d+ to create, 0 to change, 0 to delete/);
  });

  test('-o yaml gives the children, each marked not to be applied', () => {
    const { stdout } = run(['plan', '-f', write('a.yaml', policy()), '--nodes', nodes(), '-o', 'yaml']);
    const children = parseAllDocuments(stdout).map((document) =>
      (document as { toJS(): { metadata: { annotations: Record<string, string> } } }).toJS(),
    );
    expect(children.length).toBeGreaterThan(3);
    for (const child of children)
      expect(child.metadata.annotations['weka.io/do-not-apply']).toContain('the operator makes this');
  });

  test('the same input gives the same plan', () => {
    const args = ['plan', '-f', write('a.yaml', policy()), '--nodes', nodes(), '-o', 'json'];
    expect(run(args).stdout).toBe(run(args).stdout);
  });

  const kubeconfig = (server: string): string =>
    write(
      'kubeconfig',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'a',
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
        clusters: [{ name: 'a', cluster: { server } }],
        users: [{ name: 'a', user: { token: 'expired' } }],
      }),
    );

  test('an API server that is not there: status 3, the address and the remedy', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { status, stdout, stderr } = run([
      'plan',
      '-f',
      write('a.yaml', policy()),
      '--kubeconfig',
      kubeconfig(`https://127.0.0.1:${port}`),
    ]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stderr).toContain('[ApiUnreachable]');
    expect(stderr).toMatch(/remedy .*kubeconfig/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('a kubeconfig that is not there: one message, no stack', () => {
    const { status, stderr } = run(['plan', '-f', write('a.yaml', policy()), '--kubeconfig', 'missing']);
    expect(status).toBe(3);
    expect(stderr).toMatch(/missing/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
