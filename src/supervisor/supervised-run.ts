import { InformError } from '../errors.js';
import type { Job, Outcome } from '../scoring/score-stream.js';
import { Notifier } from '../util/async/notifier.js';
import type { OrderedSource } from '../scoring/in-order.js';
import { Queue } from '../util/async/queue.js';
import { WINDOW_CHARACTERS } from '../scoring/window-reader.js';
import type { Message } from '../input/sample.js';
import type { PipelineStats } from '../scoring/pipeline-stats.js';
import { formatDuration } from '../util/format.js';
import { SilenceWatch } from './silence-watch.js';
import { crashError, EngineCrash, type EngineProcess } from './engine-process.js';
import { ProcessRun } from './process-run.js';
import { fromSent, type SentOutcome, type SentSample, type Work } from './protocol.js';

/** What a run needs of the model that it belongs to. */
export interface EngineHost {
  /** The process with the loaded model; it may have crashed. */
  readonly process: EngineProcess;
  /** Starts a new one. Throws EngineCrash, INFORM_ABORTED, and what loading the model throws. */
  restart(signal: AbortSignal | undefined): Promise<void>;
  /** Told of each crash that the run survives. */
  onCrash(what: string): void;
  /** Told of each silence of the engine that is unusually long. */
  onSilence(what: string): void;
  onLog(lines: readonly string[]): void;
  /** Throws INFORM_FILE_CHANGED where the model's files are not what they were when they were loaded. */
  requireUnchanged(): void;
}

export interface SupervisedRunOptions {
  /** As the pipeline's `window` and `live`. */
  window: number;
  live: boolean;
  signal?: AbortSignal | undefined;
  stats: PipelineStats;
  /** Seconds without an answer after which the process is ended and started again; 0: never. */
  engineTimeout: number;
}

/** A sample that ends the process this many times while it is evaluated alone is at fault. */
const CRASHES_ALONE = 2;
/** So many crashes without a score in between are not the samples' fault. */
const MOST_CRASHES_IN_A_ROW = 8;
/** Samples held beyond the pipeline's windows: its chunks on their way, and what waits in the process's inbox. */
const HELD_BEYOND_WINDOWS = 512;
/** The pipeline plans two windows, holds a full one and fills another. */
const WINDOWS_HELD = 4;

/** A sample from its reading until its outcome is taken. */
interface Slot<Tag> {
  readonly index: number;
  readonly tag: Tag;
  readonly messages: Message[] | null;
  /** As the job says. */
  readonly characters: number;
  outcome: Outcome<Tag> | undefined;
  /** How often it has ended the process while it was alone in there. */
  crashes: number;
  /** Whether its outcome was taken: that of a bad sample may be before a process has answered for its place. */
  taken: boolean;
}

/**
 * A flow of samples through processes that may crash: read, sent, and given back in input order with their outcomes. What a
 * crash leaves unanswered goes into a new process: first, each alone, the samples that were in native code at the time, so
 * that one that crashes again is found; then all others, as if nothing had been.
 */
export class SupervisedRun<Tag> implements OrderedSource<Outcome<Tag>> {
  /** Notified when there may be something to take or to throw. */
  readonly change = new Notifier();
  /** Resolves when no process works for this run any more. */
  readonly driven: Promise<void>;
  readonly #iterator: AsyncIterator<Job<Tag>>;
  readonly #room = new Notifier();
  readonly #reading: Promise<void>;
  /** In input order. */
  readonly #slots = new Queue<Slot<Tag>>();
  /** Characters of all slots that wait to be taken or answered. */
  #heldCharacters = 0;
  /** Those without an answer from a process, in input order. */
  readonly #unanswered = new Map<number, Slot<Tag>>();
  /** Those to be evaluated alone. */
  #suspects: Slot<Tag>[] = [];
  /** Those to blame. They wait for a score of another sample, which proves that the engine as such works. */
  readonly #blamed = new Map<Slot<Tag>, InformError>();
  /** The run of all samples in order; undefined while suspects run alone or a process starts. */
  #stream: ProcessRun | undefined;
  #current: ProcessRun | undefined;
  #crashesInARow = 0;
  #sourceEnded = false;
  #stopped = false;
  #failure: { error: unknown } | undefined;
  #sourceFailure: { error: unknown } | undefined;

  constructor(
    source: AsyncIterable<Job<Tag>>,
    private readonly host: EngineHost,
    private readonly options: SupervisedRunOptions,
  ) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#reading = this.#read();
    this.driven = this.#drive().catch((error: unknown) => {
      this.#failure = { error };
      this.change.notify();
    });
  }

  /** Whether everything has been taken. */
  get ended(): boolean {
    return this.#sourceEnded && this.#slots.length === 0;
  }

  /** The next outcome in input order, undefined while there is none. Throws what ended the run before its end. */
  take(): Outcome<Tag> | undefined {
    const slot = this.#slots.front;
    if (slot?.outcome) {
      this.#slots.shift();
      slot.taken = true;
      if (!this.#unanswered.has(slot.index)) this.#release(slot);
      return slot.outcome;
    }
    const failure = this.#failure ?? (this.ended ? this.#sourceFailure : undefined);
    if (failure) throw failure.error;
    return undefined;
  }

  /** Makes room: nothing holds this slot any more. */
  #release(slot: Slot<Tag>): void {
    this.#heldCharacters -= slot.characters;
    this.#room.notify();
  }

  /** Ends what runs, and the source. After an abort both are left to themselves: neither may hold up the caller. */
  async stop(): Promise<void> {
    const finished = this.ended;
    this.#stopped = true;
    this.#room.notify();
    if (!finished) this.#current?.stop();
    const closed = this.#close();
    if (this.options.signal?.aborted !== true) await Promise.all([closed, this.driven]);
  }

  async #close(): Promise<void> {
    await this.#iterator.return?.().catch(() => undefined);
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { stats } = this.options;
    try {
      for (let index = 0; ; index++) {
        while (!this.#stopped && this.#isFull()) await this.#room.wait();
        if (this.#stopped) break;
        const asked = performance.now();
        const next = await this.#iterator.next();
        stats.seconds.read += (performance.now() - asked) / 1000;
        if (next.done === true) break;
        this.#add(newSlot(next.value, index));
      }
    } catch (error) {
      // A source that fails does not take along what it gave before.
      this.#sourceFailure = { error };
    }
    this.#sourceEnded = true;
    this.#stream?.end();
    this.change.notify();
  }

  /** A window ends with the row that fills it, so the process never waits for what does not fit here. */
  #isFull(): boolean {
    const most = WINDOWS_HELD * this.options.window + HELD_BEYOND_WINDOWS;
    return (
      Math.max(this.#slots.length, this.#unanswered.size) >= most ||
      this.#heldCharacters >= WINDOWS_HELD * WINDOW_CHARACTERS
    );
  }

  #add(slot: Slot<Tag>): void {
    this.#slots.push(slot);
    this.#heldCharacters += slot.characters;
    this.#unanswered.set(slot.index, slot);
    this.#stream?.put(slot);
    if (slot.outcome) this.change.notify();
  }

  /** Until the source has ended and all is answered: process after process. */
  async #drive(): Promise<void> {
    for (;;) {
      try {
        for (const suspect of this.#suspects) await this.#runAlone(suspect);
        this.#suspects = [];
        await this.#runAll();
        return;
      } catch (error) {
        if (!(error instanceof EngineCrash) || this.#stopped) throw error;
        this.#crashesInARow++;
        this.#blame(error);
        if (this.#sourceEnded && this.#unanswered.size === 0) return;
        await this.#restart(error);
      } finally {
        this.#stream = undefined;
        this.#current = undefined;
      }
    }
  }

  /** A suspect that has ended a process alone gets its second try when a harmless sample of its size has passed. */
  async #runAlone(suspect: Slot<Tag>): Promise<void> {
    if (!this.#isOpen(suspect)) return;
    if (suspect.crashes > 0) await this.#runOne(harmlessAs(suspect));
    await this.#runOne(suspect);
  }

  async #runOne(sample: SentSample): Promise<void> {
    const run = this.#begin({ live: false, counts: sample.index !== HARMLESS_INDEX });
    run.put(sample);
    run.end();
    await run.ended;
  }

  async #runAll(): Promise<void> {
    const open = [...this.#unanswered.values()].filter((slot) => this.#isOpen(slot));
    if (open.length === 0 && this.#sourceEnded) return;
    const run = this.#begin({ live: this.options.live, counts: true });
    this.#stream = run;
    for (const slot of open) run.put(slot);
    if (this.#sourceEnded) run.end();
    await run.ended;
  }

  /** @param options.counts whether its work is that of the run's samples */
  #begin({ live, counts }: { live: boolean; counts: boolean }): ProcessRun {
    let before: Work | undefined;
    const { process } = this.host;
    const watch = new SilenceWatch(this.options.engineTimeout, {
      isWaiting: () => run.inNative.length > 0,
      onSilence: (what) => {
        this.host.onSilence(what);
      },
      onLimit: (seconds) => {
        void process.kill(`did not answer for ${formatDuration(seconds)} (engine_timeout) and was ended`);
      },
    });
    const run = new ProcessRun(process, live, {
      onReply: () => {
        watch.heard();
      },
      onOutcomes: (outcomes, work) => {
        if (!this.#isTrusted()) return;
        if (counts) addWork(this.options.stats, work, before);
        before = work;
        for (const outcome of outcomes) this.#answer(outcome);
        this.#settleBlamed();
        this.change.notify();
      },
      onLog: (lines) => {
        this.host.onLog(lines);
      },
    });
    this.#current = run;
    if (this.#stopped) run.stop();
    void run.ended
      .catch(() => undefined)
      .then(() => {
        watch.stop();
      });
    return run;
  }

  /** Scores of a model that was written to meanwhile are not taken, and the run ends. */
  #isTrusted(): boolean {
    if (this.#failure) return false;
    try {
      this.host.requireUnchanged();
      return true;
    } catch (error) {
      this.#failure = { error };
      this.#current?.stop();
      this.change.notify();
      return false;
    }
  }

  #answer(answer: SentOutcome): void {
    const slot = this.#unanswered.get(answer.index);
    if (!slot) return;
    this.#unanswered.delete(answer.index);
    if (slot.taken) this.#release(slot);
    const { tag } = slot;
    if (answer.error !== undefined) {
      slot.outcome ??= { tag, error: fromSent(answer.error) };
      return;
    }
    const { score, tokens, truncated, holdsSpecialText } = answer;
    slot.outcome = { tag, score, tokens, truncated, holdsSpecialText };
    this.#crashesInARow = 0;
  }

  /** Neither answered nor blamed. */
  #isOpen(slot: Slot<Tag>): boolean {
    return this.#unanswered.has(slot.index) && !this.#blamed.has(slot);
  }

  /** Finds those that may be to blame for a crash, or the one that is. */
  #blame(crash: EngineCrash): void {
    const inside = (this.#current?.inNative ?? []).flatMap((index) => this.#unanswered.get(index) ?? []);
    if (this.#stream) {
      // A sample may be in there twice, to be tokenized and to be evaluated, for the moment between the two.
      this.#suspects = [...new Set(inside)];
      return;
    }
    const [only] = inside;
    if (only && ++only.crashes === CRASHES_ALONE) {
      const what = `The engine's process ${crash.message}. It did so twice with nothing but this sample in it, and not with another one.`;
      this.#blamed.set(only, crashError(what, crash));
      this.#settleBlamed();
    }
  }

  /** Gives those to blame their outcomes when a score has come since the last crash, or there is nothing left to score. */
  #settleBlamed(): void {
    if (this.#crashesInARow > 0 && this.#unanswered.size > this.#blamed.size) return;
    for (const [slot, error] of this.#blamed) {
      slot.outcome = { tag: slot.tag, error };
      this.#unanswered.delete(slot.index);
    }
    this.#blamed.clear();
    this.change.notify();
  }

  async #restart(first: EngineCrash): Promise<void> {
    const { stats, signal } = this.options;
    for (let crash = first; ; this.#crashesInARow++) {
      if (this.#crashesInARow > MOST_CRASHES_IN_A_ROW) {
        const what = `The engine's process ${crash.message}. It has crashed ${this.#crashesInARow} times without a score in between, so the run ends.`;
        throw crashError(what, crash);
      }
      stats.restarts++;
      this.host.onCrash(`The engine's process ${crash.message}. Starting it again.`);
      try {
        await this.host.restart(signal);
        return;
      } catch (error) {
        if (!(error instanceof EngineCrash)) throw error;
        crash = error;
      }
    }
  }
}

function newSlot<Tag>({ tag, conversation, characters = 0 }: Job<Tag>, index: number): Slot<Tag> {
  const slot = { index, tag, characters, crashes: 0, taken: false };
  return conversation instanceof InformError
    ? { ...slot, messages: null, outcome: { tag, error: conversation } }
    : { ...slot, messages: conversation, outcome: undefined };
}

/** No sample of the run has this number. */
const HARMLESS_INDEX = -1;
/** A token or more in most vocabularies, and nothing that a template or a tokenizer could stumble over. */
const HARMLESS_TEXT = ' a';

/** A sample as long as another one, with none of its text. */
function harmlessAs({ messages, characters }: SentSample): SentSample {
  const harmless = messages?.map(({ role, content }) => ({
    role,
    content: HARMLESS_TEXT.repeat(Math.ceil(content.length / HARMLESS_TEXT.length)),
  }));
  return { index: HARMLESS_INDEX, messages: harmless ?? null, characters };
}

/** Adds what has been done since `before`. */
function addWork(stats: PipelineStats, work: Work, before: Work | undefined): void {
  for (const key of ['samples', 'batches', 'halved', 'tokensSeen', 'tokensComputed'] as const) {
    stats[key] += work[key] - (before?.[key] ?? 0);
  }
  for (const key of ['template', 'tokenize', 'plan', 'engine', 'head'] as const) {
    stats.seconds[key] += work.seconds[key] - (before?.seconds[key] ?? 0);
  }
}
