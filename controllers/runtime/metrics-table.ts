/** One metric: docs/metrics.md and the registry are both made from it. */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Everything the runtime measures. Names and labels are those of controller-runtime where it has one. */
export const METRICS = {
  controller_runtime_reconcile_total: {
    type: 'counter',
    help: 'Rounds of a controller by result: success, requeue, requeue_after, error.',
    labels: ['controller', 'result'],
  },
  controller_runtime_reconcile_errors_total: {
    type: 'counter',
    help: 'Rounds of a controller that ended in an error.',
    labels: ['controller'],
  },
  controller_runtime_terminal_reconcile_errors_total: {
    type: 'counter',
    help: 'Rounds that ended in an error which only a change by somebody can cure.',
    labels: ['controller'],
  },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    help: 'Length of a round.',
    labels: ['controller'],
    buckets: SECONDS,
  },
  controller_runtime_active_workers: {
    type: 'gauge',
    help: 'Rounds running now.',
    labels: ['controller'],
  },
  controller_runtime_max_concurrent_reconciles: {
    type: 'gauge',
    help: 'Rounds that may run at the same time.',
    labels: ['controller'],
  },
  workqueue_depth: {
    type: 'gauge',
    help: 'Keys waiting for a worker.',
    labels: ['name', 'controller'],
  },
  workqueue_adds_total: {
    type: 'counter',
    help: 'Keys added to the queue, those that were there already not counted.',
    labels: ['name', 'controller'],
  },
  workqueue_retries_total: {
    type: 'counter',
    help: 'Keys added again after a failure.',
    labels: ['name', 'controller'],
  },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    help: 'Time a key waits before it is worked on.',
    labels: ['name', 'controller'],
    buckets: SECONDS,
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    help: 'Time a key is worked on.',
    labels: ['name', 'controller'],
    buckets: SECONDS,
  },
  workqueue_unfinished_work_seconds: {
    type: 'gauge',
    help: 'Sum of the times that the running rounds have taken so far.',
    labels: ['name', 'controller'],
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    help: 'Time that the longest running round has taken so far.',
    labels: ['name', 'controller'],
  },
  rest_client_requests_total: {
    type: 'counter',
    help: 'Requests to the API server by status code; `<error>` when no answer came.',
    labels: ['code', 'method', 'host'],
  },
  leader_election_master_status: {
    type: 'gauge',
    help: '1 while this process holds the Lease.',
    labels: ['name'],
  },
  weka_operator_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node_version'],
  },
  weka_operator_condition: {
    type: 'gauge',
    help: '1 for the present status of a condition of a custom resource, 0 for the others.',
    labels: ['kind', 'namespace', 'name', 'type', 'status'],
  },
  weka_operator_changes_total: {
    type: 'counter',
    help: 'Child objects by what became of them in a round: created, configured, deleted, failed.',
    labels: ['controller', 'action'],
  },
  weka_operator_events_dropped_total: {
    type: 'counter',
    help: 'Events not recorded because their object had too many, or the API server refused them.',
    labels: ['reason'],
  },
  weka_operator_gateway_requests_total: {
    type: 'counter',
    help: 'Requests of agents by status code.',
    labels: ['code'],
  },
  weka_operator_gateway_agents: {
    type: 'gauge',
    help: 'Agents that wait to be told something new.',
    labels: [],
  },
  weka_operator_token_reviews_total: {
    type: 'counter',
    help: 'Tokens of agents that the API server was asked about, by result: accepted, refused, failed.',
    labels: ['result'],
  },
} as const satisfies Record<string, MetricSpec>;

/** Name of a metric of the table. */
export type MetricName = keyof typeof METRICS;
