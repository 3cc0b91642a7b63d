/** Deliberate bugs: each a substitution in one file, and the test that must catch it. */
export interface Mutant {
  readonly id: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test file, and which of its tests: the name of one, or a part of it. */
  readonly caughtBy: readonly [file: string, name: string];
}

const CAMPAIGN = 'test/campaign/campaign.test.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    id: 'the finalizer is forgotten',
    file: 'controllers/runtime/round.ts',
    find: 'if (!reconciler.finalizer || finalizers.includes(FINALIZER)) return turn;',
    replace: 'if (reconciler !== undefined) return turn;',
    caughtBy: [CAMPAIGN, 'make: every run ends'],
  },
  {
    id: 'the finalizer is removed too early',
    file: 'controllers/container.ts',
    find: 'holdFinalizer: pods.length > 0,',
    replace: 'holdFinalizer: false,',
    caughtBy: [CAMPAIGN, 'delete: every run ends'],
  },
  {
    id: 'a delete names no UID',
    file: 'controllers/runtime/executor.ts',
    find: "{ uid: step.uid, propagation: 'Background', signal: context.signal }",
    replace: "{ propagation: 'Background', signal: context.signal } as never",
    caughtBy: [CAMPAIGN, 'change: every run ends'],
  },
  {
    id: 'keys of GitOps tools are passed on',
    file: 'lib/base/propagation.ts',
    find: 'Object.entries(map ?? {}).filter(([key]) => !isDenied(key))',
    replace: 'Object.entries(map ?? {})',
    caughtBy: [CAMPAIGN, 'beside others: every run ends'],
  },
  {
    id: 'a 410 is dropped',
    file: 'controllers/runtime/watcher.ts',
    find: 'if (!resumes(failure) || this.troubles >= FAILED_RESUMES) this.version = undefined;',
    replace: '',
    caughtBy: [CAMPAIGN, 'expired watches'],
  },
  {
    id: 'a stale cache is trusted',
    file: 'controllers/runtime/own-writes.ts',
    find: 'if (!this.isStale(writer)) return true;',
    replace: 'if (writer !== undefined) return true;',
    caughtBy: ['test/runtime/own-writes.test.ts', ''],
  },
  {
    id: 'a child is made for a parent that is gone',
    file: 'controllers/runtime/executor.ts',
    find: 'const lives = found?.metadata.uid === parent.uid && found.metadata.deletionTimestamp === undefined;',
    replace: 'const lives = found === undefined || true;',
    caughtBy: [CAMPAIGN, 'a list of the past'],
  },
  {
    id: 'a Pod that failed for good is kept',
    file: 'lib/container/dist.ts',
    find: "if (pod === undefined || podPhase(pod) !== 'Failed') return undefined;",
    replace: 'if (pod !== null) return undefined;',
    caughtBy: [CAMPAIGN, 'as Evicted'],
  },
  {
    id: 'strangers are taken over',
    file: 'controllers/runtime/executor.ts',
    find: 'if (found === undefined || step.role === SHARED || isOwnedBy(found, parent)) return found?.metadata.uid;',
    replace: 'if (parent !== undefined) return found?.metadata.uid;',
    caughtBy: ['test/sim/policy.test.ts', 'leaves a Pod of somebody else alone'],
  },
  {
    id: 'what is not owned is pruned',
    file: 'synth/planner.ts',
    find: 'if (isOwnedBy(child.object, input.parent)) return true;',
    replace: 'if (child !== undefined) return true;',
    caughtBy: ['test/synth/planner.test.ts', ''],
  },
  {
    id: 'a status is written without comparing',
    file: 'controllers/runtime/status-writer.ts',
    find: 'if (!this.deps.differs(object, manifest)) return undefined;',
    replace: '',
    caughtBy: [CAMPAIGN, 'a manager that starts where everything is as wanted'],
  },
  {
    id: 'fields are never taken back',
    file: 'controllers/runtime/executor.ts',
    find: 'force: uid !== undefined,',
    replace: 'force: false,',
    caughtBy: ['test/runtime/manager.test.ts', ''],
  },
  {
    id: 'an older state overwrites a newer one',
    file: 'controllers/runtime/cache.ts',
    find: "if (old !== undefined && when === 'newer' && isOlder(object.metadata.resourceVersion, old.metadata.resourceVersion))\n      return;",
    replace: '',
    caughtBy: ['test/runtime/cache.test.ts', ''],
  },
  {
    id: 'a wake-up during a round is lost',
    file: 'controllers/runtime/queue.ts',
    find: 'if (this.dirty.delete(key)) this.add(key);',
    replace: 'this.dirty.delete(key);',
    caughtBy: ['test/runtime/queue.test.ts', ''],
  },
];
