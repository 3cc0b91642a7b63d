import type { PackageKey } from '../../lib/drivers/package';
import { packageId } from '../../lib/drivers/package';
import type { PackageNamer } from '../../lib/drivers/package-namer';
import type { RegistryAnswer } from '../../lib/drivers/registry-answer';
import type { AgentFailure } from '../../lib/drivers/agent-result';
import type { BackoffRange } from '../runtime/backoff';
import { backoffMs } from '../runtime/backoff';
import type { Clock } from '../runtime/clock';
import type { Random } from '../runtime/random';
import type { Asked } from './ask';

export interface RegistryOptions {
  /** Base URL. */
  readonly url: string;
  readonly namer: PackageNamer;
  readonly clock: Clock;
  readonly random: Random;
  /** Asks for the package at a path of the registry. Rejects only when everything ends. */
  readonly ask: (path: string) => Promise<Asked>;
  /** Told the id of a package whose answer has changed. */
  readonly changed: (id: string) => void;
}

/** Calls to one registry at the same time. */
const PARALLEL = 4;
/** Between tries while nothing is learned. */
const BACKOFF: BackoffRange = { baseMs: 2_000, capMs: 5 * 60_000 };
/** What is missing may be published one day. */
const ABSENT_AGAIN: BackoffRange = { baseMs: 60 * 60_000, capMs: 60 * 60_000 };

interface Question {
  readonly id: string;
  readonly key: PackageKey;
  readonly path: string;
  /** What is known of this package; `pending` while the registry as a whole is what is in the way. */
  answer: RegistryAnswer;
  failures: number;
  /** How many answers the registry had given when this question last met a registry that gave none. */
  metDownAfter: number | undefined;
}

interface Outage {
  readonly failure: AgentFailure;
  readonly since: number;
  readonly failures: number;
}

/**
 * One registry and all that is asked of it: each package once at a time, a few at once, again with growing pauses. When it
 * is down that is found out once and not once a package: one question probes, all others share its answer.
 */
export class Registry {
  private readonly questions = new Map<string, Question>();
  private readonly waiting: Question[] = [];
  private readonly timers = new Set<() => void>();
  private outage: Outage | undefined;
  private active = 0;
  private answers = 0;

  constructor(private readonly options: RegistryOptions) {}

  answer(key: PackageKey): RegistryAnswer {
    const id = packageId(key);
    const known = this.questions.get(id);
    if (known !== undefined) return this.visible(known);
    const path = this.options.namer.path(key);
    if (path === undefined) return this.unnamed(key);
    const question: Question = {
      id,
      key,
      path,
      answer: { state: 'pending' },
      failures: 0,
      metDownAfter: undefined,
    };
    this.questions.set(id, question);
    this.waiting.push(question);
    this.pump();
    return this.visible(question);
  }

  /** Stops asking again. */
  close(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.waiting.length = 0;
  }

  private unnamedSince = new Map<string, number>();

  /** Not kept as an answer: the name may be learned meanwhile. */
  private unnamed(key: PackageKey): RegistryAnswer {
    const id = packageId(key);
    const since = this.unnamedSince.get(id) ?? this.options.clock.now();
    this.unnamedSince.set(id, since);
    const { kernel, architecture } = key;
    const parameters = { server: new URL(this.options.url).host, kernel, architecture };
    return { state: 'unknown', failure: { code: 'PackageNameUnknown', parameters }, since };
  }

  private visible({ answer }: Question): RegistryAnswer {
    if (answer.state !== 'pending' || this.outage === undefined) return answer;
    const { failure, since } = this.outage;
    return { state: 'unknown', failure, since };
  }

  /** Asks what waits. While the registry is down only its timer does. */
  private pump(): void {
    while (this.outage === undefined && this.active < PARALLEL) {
      const question = this.waiting.shift();
      if (question === undefined) return;
      void this.ask(question);
    }
  }

  private async ask(question: Question): Promise<void> {
    const { outage } = this;
    this.active += 1;
    const asked = await this.options.ask(question.path).catch(() => undefined);
    this.active -= 1;
    // Everything ends.
    if (asked === undefined) return;
    if (asked.kind === 'registry' && question.metDownAfter !== undefined && question.metDownAfter < this.answers) {
      // Others were answered since it last met a silent registry: it is this package.
      this.settle(question, this.unknown(question, asked.failure));
    } else if (asked.kind === 'registry') {
      question.metDownAfter = this.answers;
      this.waiting.push(question);
      // Calls that were under way when it went down say nothing new.
      if (this.outage === outage) this.goDown(asked.failure);
    } else {
      this.comeUp();
      this.settle(question, this.read(question, asked));
    }
    this.pump();
  }

  private read(question: Question, asked: Exclude<Asked, { kind: 'registry' }>): RegistryAnswer {
    switch (asked.kind) {
      case 'found':
        return { state: 'found', url: asked.url, sha256: asked.sha256 };
      case 'absent':
        return { state: 'absent' };
      default:
        return this.unknown(question, asked.failure);
    }
  }

  private unknown({ answer }: Question, failure: AgentFailure): RegistryAnswer {
    const since = answer.state === 'unknown' ? answer.since : this.options.clock.now();
    return { state: 'unknown', failure, since };
  }

  private settle(question: Question, answer: RegistryAnswer): void {
    const moved = JSON.stringify(question.answer) !== JSON.stringify(answer);
    question.answer = answer;
    question.failures = answer.state === 'unknown' ? question.failures + 1 : 0;
    if (answer.state === 'absent') this.later(question, ABSENT_AGAIN);
    if (answer.state === 'unknown') this.later(question, BACKOFF);
    if (moved) this.options.changed(question.id);
  }

  private later(question: Question, range: BackoffRange): void {
    this.after(backoffMs(question.failures - 1, this.options.random, range), () => {
      this.waiting.push(question);
      this.pump();
    });
  }

  private goDown(failure: AgentFailure): void {
    const { outage } = this;
    const { clock, random } = this.options;
    this.outage = { failure, since: outage?.since ?? clock.now(), failures: (outage?.failures ?? -1) + 1 };
    if (JSON.stringify(outage?.failure) !== JSON.stringify(failure)) this.tellPending();
    this.after(backoffMs(this.outage.failures, random, BACKOFF), () => {
      const probe = this.waiting.shift();
      if (probe !== undefined) void this.ask(probe);
    });
  }

  private comeUp(): void {
    this.answers += 1;
    if (this.outage === undefined) return;
    this.outage = undefined;
    this.tellPending();
  }

  /** Whoever waits for an answer is shown another one. */
  private tellPending(): void {
    for (const { id, answer } of this.questions.values()) if (answer.state === 'pending') this.options.changed(id);
  }

  private after(ms: number, wake: () => void): void {
    const cancel = this.options.clock.after(ms, () => {
      this.timers.delete(cancel);
      wake();
    });
    this.timers.add(cancel);
  }
}
