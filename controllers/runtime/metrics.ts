import * as prom from 'prom-client';
import type { MetricName, MetricSpec } from './metrics-table';
import { METRICS } from './metrics-table';

/** Labels of one series. */
export type Labels = Readonly<Record<string, string>>;

/** What the runtime counts. Every name is in METRICS; a label that the table does not name is an error. */
export interface Metrics {
  /** Adds to a counter. Default 1. */
  count(name: MetricName, labels: Labels, by?: number): void;
  /** Sets a gauge. */
  set(name: MetricName, labels: Labels, value: number): void;
  /** Adds one value to a histogram. */
  observe(name: MetricName, labels: Labels, value: number): void;
  /** Removes one series, when the object it is about is gone. */
  remove(name: MetricName, labels: Labels): void;
  /** Calls `refresh` before each reading of the metrics: for gauges that change by themselves. */
  beforeRead(refresh: () => void): void;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

type Instrument = prom.Counter | prom.Gauge | prom.Histogram;

const instrument = (name: string, spec: MetricSpec, registry: prom.Registry): Instrument => {
  const common = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
  if (spec.type === 'counter') return new prom.Counter(common);
  if (spec.type === 'gauge') return new prom.Gauge(common);
  return new prom.Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
};

/**
 * A registry of its own with all of METRICS, and the process's and Node's own metrics when `process` is set (default
 * false: they are not the same in two runs).
 */
export const createMetrics = (options: { readonly process?: boolean } = {}): Metrics => {
  const registry = new prom.Registry();
  const refreshers: (() => void)[] = [];
  if (options.process) prom.collectDefaultMetrics({ register: registry });
  const instruments = new Map<string, Instrument>(
    Object.entries<MetricSpec>(METRICS).map(([name, spec]) => [name, instrument(name, spec, registry)]),
  );
  const of = (name: MetricName): Instrument => instruments.get(name)!;
  return {
    count: (name, labels, by = 1) => (of(name) as prom.Counter).inc(labels, by),
    set: (name, labels, value) => (of(name) as prom.Gauge).set(labels, value),
    observe: (name, labels, value) => (of(name) as prom.Histogram).observe(labels, value),
    remove: (name, labels) => of(name).remove(labels),
    beforeRead: (refresh) => void refreshers.push(refresh),
    text: () => {
      for (const refresh of refreshers) refresh();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
};

/** Counts nothing: for simulations, where thousands of managers live for a moment. */
export const noMetrics: Metrics = {
  count: () => undefined,
  set: () => undefined,
  observe: () => undefined,
  remove: () => undefined,
  beforeRead: () => undefined,
  text: () => Promise.resolve(''),
  contentType: 'text/plain',
};

/** docs/metrics.md: the table, for people. Pure. */
export const metricsPage = (): string => {
  const rows = Object.entries<MetricSpec>(METRICS).map(
    ([name, spec]) =>
      `| \`${name}\` | ${spec.type} | ${spec.labels.map((label) => `\`${label}\``).join(', ')} | ${spec.help} |`,
  );
  return [
    '# Metrics',
    '',
    'Served at `/metrics`. Generated from `controllers/runtime/metrics-table.ts`. Names that controller-runtime also has mean the',
    'same here, so that its dashboards and alerts work. The metrics of the process (`process_*`, `nodejs_*`) come with them.',
    '',
    '| name | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
};
