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
    file: 'controllers/runtime/round.ts',
    find: 'if (await this.deps.effects.anyLives(turn, decision.goneFirst ?? [])) return done(CHILD_RETRY_MS);',
    replace: '',
    caughtBy: ['test/runtime/manager.test.ts', 'does not let an object go while something lives'],
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
    caughtBy: ['test/kube/watching.test.ts', ''],
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
    caughtBy: ['test/runtime/manager.test.ts', 'makes nothing for an object that is gone'],
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
  {
    id: 'changed bytes are served',
    file: 'agents/drivers-dist/fingerprint.ts',
    find: 'return checkpoint.before.copy().update(bytes).digest().equals(checkpoint.after);',
    replace: 'return true;',
    caughtBy: ['test/agents/drivers-dist/fingerprint.test.ts', 'a flipped byte, a shorter chunk'],
  },
  {
    id: 'a permit serves for any package',
    file: 'lib/drivers/permit.ts',
    find: "return claims.packageId === wanted.packageId ? { claims } : { problem: 'for another package' };",
    replace: 'return { claims };',
    caughtBy: ['test/agents/drivers-dist/decide.test.ts', 'with a permit for another package'],
  },
  {
    id: 'the digest of an upload is believed',
    file: 'agents/drivers-dist/intake.ts',
    find: "if (fingerprint.sha256 !== sha256) throw new OperatorError('UploadDigestMismatch', { id });",
    replace: '',
    caughtBy: ['test/agents/drivers-dist/upload.test.ts', ''],
  },
  {
    id: 'the cache of a node is believed',
    file: 'agents/drivers-loader/package-cache.ts',
    find: "if (size === entry.size && (await sha256Of(path)) === entry.sha256) return 'found';",
    replace: "if (size === entry.size) return 'found';",
    caughtBy: ['test/agents/drivers-loader/load.test.ts', 'with a byte that flipped is thrown away'],
  },
  {
    id: 'a node takes no turn',
    file: 'lib/drivers/rollout.ts',
    find: 'free -= 1;',
    replace: '',
    caughtBy: [CAMPAIGN, 'drivers replaced: every run ends'],
  },
  {
    id: 'a rollout goes on whatever has failed',
    file: 'lib/drivers/rollout.ts',
    find: "if (halted) return { name: node.name, allowed: false, reason: 'RolloutHalted', places: [] };",
    replace: '',
    caughtBy: ['test/drivers/rollout.test.ts', 'more failures than the budget stop the rollout'],
  },
  {
    id: 'a registry in trouble counts as one that says no',
    file: 'lib/drivers/source.ts',
    find: 'if (hindrance === undefined && isOver(input, since)) return undefined;',
    replace: 'if (hindrance === undefined) return undefined;',
    caughtBy: ['test/sim/policy-packages.test.ts', 'wait for a registry that is in trouble'],
  },
  {
    id: 'an offline site asks',
    file: 'lib/drivers/source.ts',
    find: "mode !== 'Local' && !offline;",
    replace: "mode !== 'Local' && offline !== null;",
    caughtBy: ['test/drivers/source.test.ts', 'a site without network builds'],
  },
  {
    id: 'bytes are indexed that nobody vouches for',
    file: 'lib/drivers/next-index.ts',
    find: "return recorded === undefined && found === sha256 ? 'registry' : undefined;",
    replace: "return recorded === undefined ? 'registry' : undefined;",
    caughtBy: ['test/drivers/driver-plan.test.ts', 'bytes that nobody vouches for are never loaded'],
  },
];
