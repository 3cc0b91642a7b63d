/** How the driver of each node stands, as people read it. Pure. */
import type { WekaNodeSpec, WekaNodeStatus } from '../api/weka-node';
import { conditionsOf, findCondition } from '../base/conditions';
import type { LiveObject } from '../base/kube-object';
import { DRIVERS_READY } from '../nodes/weka-node';

/** One node. */
export interface DriverRow {
  readonly node: string;
  readonly kernel: string;
  readonly architecture: string;
  /** WEKA version that is loaded; empty: none. */
  readonly loaded: string;
  /** WEKA version that is wanted; empty: none. */
  readonly wanted: string;
  /** `Loaded`, `Failed`, `Waiting`, `Loading`, or `-` where none is wanted. */
  readonly state: string;
  /** A code of the errors table or another reason of DriversReady. */
  readonly reason: string;
  readonly why: string;
  /** When what failed is tried again; RFC 3339. */
  readonly nextRetry?: string;
  readonly claimants: readonly string[];
}

const stateOf = (status: WekaNodeStatus, ready: string | undefined, waiting: boolean): string => {
  if (ready === 'True') return 'Loaded';
  if (status.lastFailure !== undefined) return 'Failed';
  return waiting ? 'Waiting' : 'Loading';
};

const text = (value: string | undefined): string => value ?? '';

/** What is wanted, and how that stands. */
const verdictOf = (record: LiveObject, status: WekaNodeStatus): Pick<DriverRow, 'state' | 'reason' | 'why'> => {
  const driver = (record.spec as WekaNodeSpec | undefined)?.driver;
  const condition = findCondition(conditionsOf(record), DRIVERS_READY);
  const ready = condition?.status === 'True';
  return {
    state: driver === undefined ? '-' : stateOf(status, condition?.status, driver.waiting !== undefined),
    reason: text(condition?.reason),
    why: ready ? '' : text(condition?.message),
  };
};

const rowOf = (record: LiveObject): DriverRow => {
  const driver = (record.spec as WekaNodeSpec | undefined)?.driver;
  const status = (record.status ?? {}) as WekaNodeStatus;
  return {
    node: record.metadata.name,
    kernel: text(status.kernel),
    architecture: text(status.architecture),
    loaded: text(status.driver?.wekaVersion),
    wanted: text(driver?.waiting?.wekaVersion ?? driver?.wekaVersion),
    ...verdictOf(record, status),
    ...(status.nextRetry === undefined ? {} : { nextRetry: status.nextRetry }),
    claimants: driver?.claimants ?? [],
  };
};

/** The nodes on which a driver is wanted or loaded, by name. */
export const driverRows = (records: readonly LiveObject[]): readonly DriverRow[] =>
  records
    .map(rowOf)
    .filter(({ wanted, loaded }) => wanted !== '' || loaded !== '')
    .sort((a, b) => (a.node < b.node ? -1 : 1));
