/** The same by stock cdk8s: App.synth, which writes YAML; as JSON what its charts give. */
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ApiObject, App, Chart } from 'cdk8s';
import { peakMb } from '../probe';
import { podManifest } from '../workload';

const { count, format, file } = JSON.parse(process.argv[2] ?? '') as { count: number; format: string; file: string };
const app = new App({ outdir: dirname(file) });
const chart = new Chart(app, 'chart');
for (let index = 0; index < count; index++) new ApiObject(chart, `pod-${index}`, podManifest(index));
if (format === 'yaml') app.synth();
else
  writeFileSync(
    file,
    `${JSON.stringify({ apiVersion: 'v1', items: chart.toJson() as unknown, kind: 'List' }, undefined, 2)}\n`,
  );
process.stdout.write(`${JSON.stringify({ ms: performance.now(), mb: peakMb() })}\n`);
