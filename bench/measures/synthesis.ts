import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from '../child';
import type { Measure } from '../measure';
import type { Row } from '../row';
import { median, row } from '../row';
import { podManifest } from '../workload';

const COUNTS = [1, 100, 1000, 5000];
const RUNS = 5;
/** kustomize needs six minutes for 5,000. */
const OTHERS_COUNT = 1000;

const cdk8s = async (format: 'json' | 'yaml', directory: string): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  const times = new Map<number, number>();
  for (const count of COUNTS) {
    const argument = { count, format, file: join(directory, `out.${format}`) };
    const { ours, peer } = await measure(
      { ours: { child: 'synth-ours', argument }, peer: { child: 'synth-cdk8s', argument } },
      RUNS,
    );
    times.set(count, ours['ms'] ?? NaN);
    const what = `synthesis, ${count} objects as ${format.toUpperCase()}, cold process`;
    const peerName = format === 'yaml' ? 'cdk8s App.synth' : 'cdk8s toJson + JSON.stringify';
    const shared = { better: 'less', peerName } as const;
    const last = count === 5000;
    const time = format === 'json' ? { target: { atMost: 0.8 } } : { target: { ratioAtLeast: 3 } };
    rows.push(
      row({
        ...shared,
        id: `synthesis/${format}/${count}/time`,
        measure: what,
        unit: 's',
        ours: (ours['ms'] ?? NaN) / 1000,
        peer: (peer['ms'] ?? NaN) / 1000,
        ...(last ? time : {}),
      }),
    );
    if (!last) continue;
    const memory = { ours: ours['mb'] ?? null, peer: peer['mb'] ?? null, target: { atMost: 150 } };
    rows.push(
      row({ ...shared, ...memory, id: `synthesis/${format}/${count}/memory`, measure: `${what}: peak`, unit: 'MB' }),
    );
  }
  return [...rows, growth(format, times)];
};

const growth = (format: string, times: ReadonlyMap<number, number>): Row =>
  row({
    id: `synthesis/${format}/growth`,
    measure: `synthesis as ${format.toUpperCase()}, time of 5,000 by time of 1,000`,
    unit: '×',
    better: 'less',
    ours: (times.get(5000) ?? NaN) / (times.get(1000) ?? NaN),
    target: { atMost: 6 },
  });

interface Tool {
  readonly name: string;
  /** Writes its input. */
  readonly prepare: (directory: string) => void;
  readonly arguments: readonly string[];
}

const pods = (): string =>
  Array.from({ length: OTHERS_COUNT }, (_, index) => JSON.stringify(podManifest(index))).join('\n---\n');

const TOOLS: readonly Tool[] = [
  {
    name: 'helm',
    prepare: (directory) => {
      mkdirSync(join(directory, 'templates'), { recursive: true });
      writeFileSync(join(directory, 'Chart.yaml'), 'apiVersion: v2\nname: bench\nversion: 0.1.0\n');
      writeFileSync(join(directory, 'values.yaml'), `count: ${OTHERS_COUNT}\n`);
      const template = JSON.stringify(podManifest(0)).replace('storage-0', 'storage-{{ $index }}');
      writeFileSync(
        join(directory, 'templates', 'pods.yaml'),
        `{{- range $index := until (int .Values.count) }}\n---\n${template}\n{{- end }}\n`,
      );
    },
    arguments: ['template', 'bench', '.'],
  },
  {
    name: 'kustomize',
    prepare: (directory) => {
      writeFileSync(join(directory, 'kustomization.yaml'), 'resources: [pods.yaml]\n');
      writeFileSync(join(directory, 'pods.yaml'), pods());
    },
    arguments: ['build', '.'],
  },
];

const timeOf = ({ name, prepare, arguments: given }: Tool, directory: string): number | undefined => {
  const place = join(directory, name);
  mkdirSync(place, { recursive: true });
  prepare(place);
  const times: number[] = [];
  for (let run = 0; run < 3; run++) {
    const begin = performance.now();
    try {
      execFileSync(name, given, { cwd: place, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
    } catch {
      return undefined;
    }
    times.push((performance.now() - begin) / 1000);
  }
  return median(times);
};

const tools = (directory: string, ours: number | null): readonly Row[] =>
  TOOLS.map((tool) => {
    const peer = timeOf(tool, directory);
    const shared = { id: `synthesis/yaml/${OTHERS_COUNT}/${tool.name}`, better: 'less', ours, unit: 's' } as const;
    const name = `${tool.name} ${tool.arguments[0] ?? ''}`;
    const peerName = peer === undefined ? `${name}: not installed` : name;
    return row({ ...shared, measure: `synthesis, ${OTHERS_COUNT} objects as YAML`, peer: peer ?? null, peerName });
  });

export const synthesis: Measure = {
  id: 'synthesis',
  run: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'weka-operator-bench-'));
    try {
      const rows = [...(await cdk8s('json', directory)), ...(await cdk8s('yaml', directory))];
      const ours = rows.find(({ id }) => id === `synthesis/yaml/${OTHERS_COUNT}/time`)?.ours ?? null;
      return [...rows, ...tools(directory, ours)];
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
