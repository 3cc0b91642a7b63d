import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics, metricsPage } from '../../controllers/runtime/metrics';
import { METRICS } from '../../controllers/runtime/metrics-table';

describe('metrics', () => {
  test('every metric of the table is served under its name', async () => {
    const text = await createMetrics().text();
    for (const [name, { type }] of Object.entries(METRICS)) expect(text).toContain(`# TYPE ${name} ${type}`);
  });

  test('docs/metrics.md is the table', () => {
    expect(readFileSync(join(__dirname, '../../docs/metrics.md'), 'utf8')).toBe(metricsPage());
  });

  test('a label that the table does not name is an error', () => {
    expect(() => createMetrics().set('workqueue_depth', { node: 'a' }, 1)).toThrow();
  });

  test('gauges that change by themselves are refreshed before each reading', async () => {
    const metrics = createMetrics();
    let depth = 0;
    metrics.beforeRead(() => metrics.set('workqueue_depth', { name: 'a', controller: 'a' }, (depth += 1)));
    await metrics.text();
    expect(await metrics.text()).toContain('workqueue_depth{name="a",controller="a"} 2');
  });

  test('the metrics of the process come when asked for', async () => {
    expect(await createMetrics({ process: true }).text()).toContain('process_cpu_seconds_total');
  });
});
