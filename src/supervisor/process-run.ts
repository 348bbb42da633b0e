import { Queue } from '../util/async/queue.js';
import { EngineCrash, type EngineProcess } from './engine-process.js';
import { fromSent, type Reply, type SentOutcome, type SentSample, type Work } from './protocol.js';

/** What may wait in the process's inbox: enough that it never runs dry, bounded in bytes where samples are large. */
const MAX_UNTAKEN_SAMPLES = 256;
const MAX_UNTAKEN_CHARACTERS = 4 * 2 ** 20;
const MAX_MESSAGE_SAMPLES = 64;

export interface ProcessRunHooks {
  /** Called with every sign of life, before it is acted on. */
  onReply: () => void;
  onOutcomes: (outcomes: readonly SentOutcome[], work: Work) => void;
  onLog: (lines: readonly string[]) => void;
}

/** One run of samples through one process. It sends them as fast as the process takes them. */
export class ProcessRun {
  /** Resolves with the run's end; rejects with EngineCrash, or with what ended it before that. */
  readonly ended: Promise<void>;
  readonly #waiting = new Queue<SentSample>();
  /** Sizes of the samples in the process's inbox. */
  readonly #untaken = new Queue<number>();
  #untakenCharacters = 0;
  readonly #inNative = new Map<number, readonly number[]>();
  #sending: NodeJS.Immediate | undefined;
  #noMore = false;
  #endSent = false;

  constructor(
    private readonly process: EngineProcess,
    live: boolean,
    private readonly hooks: ProcessRunHooks,
  ) {
    this.ended = new Promise((resolve, reject) => {
      process.onReply = (reply) => {
        hooks.onReply();
        if (reply.type !== 'ended') {
          this.#receive(reply);
          return;
        }
        hooks.onLog(reply.log);
        if (reply.error) reject(fromSent(reply.error));
        else resolve();
      };
      void process.ended.then((end) => {
        clearImmediate(this.#sending);
        reject(new EngineCrash(end));
      });
    });
    this.ended.catch(() => undefined); // It is met where it is awaited.
    process.send({ type: 'begin', live });
  }

  /** The samples that are in native code, those first that entered it first. */
  get inNative(): number[] {
    return [...this.#inNative.values()].flat();
  }

  put(sample: SentSample): void {
    this.#waiting.push(sample);
    this.#sendSoon();
  }

  /** No more samples come. */
  end(): void {
    this.#noMore = true;
    this.#sendSoon();
  }

  /** Gives up what is not done. */
  stop(): void {
    this.process.send({ type: 'stop' });
  }

  #receive(reply: Reply): void {
    if (reply.type === 'taken') {
      for (let i = 0; i < reply.count; i++) this.#untakenCharacters -= this.#untaken.shift() ?? 0;
      this.#send();
    } else if (reply.type === 'entered') {
      this.#inNative.set(reply.set, reply.indices);
    } else if (reply.type === 'left') {
      this.#inNative.delete(reply.set);
    } else if (reply.type === 'outcomes') {
      this.hooks.onOutcomes(reply.outcomes, reply.work);
    }
  }

  /** What one turn of the event loop gives goes together. */
  #sendSoon(): void {
    this.#sending ??= setImmediate(() => {
      this.#sending = undefined;
      this.#send();
    });
  }

  #send(): void {
    for (let samples = this.#nextMessage(); samples.length > 0; samples = this.#nextMessage()) {
      this.process.send({ type: 'samples', samples });
    }
    if (this.#noMore && !this.#endSent && this.#waiting.length === 0) {
      this.#endSent = true;
      this.process.send({ type: 'end' });
    }
  }

  #nextMessage(): SentSample[] {
    const samples: SentSample[] = [];
    while (
      samples.length < MAX_MESSAGE_SAMPLES &&
      this.#untaken.length < MAX_UNTAKEN_SAMPLES &&
      this.#untakenCharacters < MAX_UNTAKEN_CHARACTERS
    ) {
      const sample = this.#waiting.shift();
      if (!sample) break;
      const size = charactersOf(sample);
      this.#untaken.push(size);
      this.#untakenCharacters += size;
      samples.push(sample);
    }
    return samples;
  }
}

function charactersOf({ messages }: SentSample): number {
  return messages?.reduce((sum, { content }) => sum + content.length, 0) ?? 0;
}
