/** A timer of the virtual clock. Smaller `at` first, then smaller `order`. */
export interface Timer {
  /** Virtual milliseconds since the epoch. */
  readonly at: number;
  /** Insertion order, or a random number when same-time timers are shuffled. */
  readonly order: number;
  readonly wake: () => void;
  cancelled: boolean;
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap of timers. Cancelled timers stay until they surface. */
export class TimerHeap {
  private readonly items: Timer[] = [];

  push(timer: Timer): void {
    const { items } = this;
    let at = items.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] as Timer;
      if (!before(timer, above)) break;
      items[at] = above;
      at = parent;
    }
    items[at] = timer;
  }

  /** The next timer that is still wanted; `undefined` when there is none. */
  peek(): Timer | undefined {
    while (this.items[0]?.cancelled) this.pop();
    return this.items[0];
  }

  pop(): Timer | undefined {
    const { items } = this;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && first !== last) this.sink(last);
    return first;
  }

  private sink(timer: Timer): void {
    const { items } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = items[child + 1];
      if (right !== undefined && before(right, items[child] as Timer)) child++;
      const below = items[child];
      if (below === undefined || !before(below, timer)) break;
      items[at] = below;
      at = child;
    }
    items[at] = timer;
  }
}
