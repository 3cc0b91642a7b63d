/** Constructs in, one file out, by our engine: everything from the start of the process. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { Pod } from '../../lib/base/cdk';
import { manifestsJsonParts, manifestsYaml } from '../../synth/output';
import { render } from '../../synth/render';
import { peakMb } from '../probe';
import { podMetadata, podSpec } from '../workload';

const { count, format, file } = JSON.parse(process.argv[2] ?? '') as { count: number; format: string; file: string };
const manifests = render((chart) => {
  for (let index = 0; index < count; index++)
    new Pod(chart, `pod-${index}`, { ...podMetadata(index), spec: podSpec(index) });
});
if (format === 'yaml') writeFileSync(file, manifestsYaml(manifests));
else {
  const out = openSync(file, 'w');
  for (const part of manifestsJsonParts(manifests)) writeSync(out, part);
  closeSync(out);
}
process.stdout.write(`${JSON.stringify({ ms: performance.now(), mb: peakMb() })}\n`);
