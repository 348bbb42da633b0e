import type { EncodedSample, Encoder } from '../prompt/encoder.js';
import type { InformError } from '../errors.js';
import type { PipelineStats } from './pipeline-stats.js';
import { Notifier } from '../util/async/notifier.js';
import { Entry, type Job, type OnNative } from './job.js';

export interface ReaderOptions<Tag> {
  /** Samples of the first window. Each following one is twice as large, up to `window`. */
  firstWindow: number;
  window: number;
  /** Whether to report the first job of each chunk, which may be the last for long. */
  live: boolean;
  stats: PipelineStats;
  onNative?: OnNative<Tag> | undefined;
  /** Called with the entries that were encoded, in input order; with none when a job was read or the source ended. */
  onProgress: (encoded: readonly Entry<Tag>[]) => void;
}

/** Samples encoded together: enough to be worth a call, few enough not to hold up the event loop. */
const CHUNK_SAMPLES = 32;
/** A chunk ends here too: what its samples hold is in memory several times while they are encoded. */
const CHUNK_CHARACTERS = 2 ** 20;
/** One is tokenized by native threads while the template renders the next. */
const CHUNKS_IN_FLIGHT = 2;
/** A window ends here too: its tokens are held in memory. */
const WINDOW_TOKENS = 2 ** 20;
/** And here: so are its rows, of which truncation may leave few tokens. Twice what so many tokens of English have. */
export const WINDOW_CHARACTERS = 2 ** 23;

/**
 * Reads a source ahead: encodes it in chunks and cuts it into windows. It stops reading while a full window waits to be
 * taken. Where windows end depends on the input alone, unless `flush` is called.
 */
export class WindowReader<Tag> {
  readonly #iterator: AsyncIterator<Job<Tag>>;
  readonly #work: Promise<void>;
  readonly #room = new Notifier();
  #chunk: Job<Tag>[] = [];
  #chunkCharacters = 0;
  /** The chunks so far, encoded and handed on in order. */
  #encoded: Promise<void> = Promise.resolve();
  #chunksInFlight = 0;
  #filling: Entry<Tag>[] = [];
  #fillingTokens = 0;
  #fillingCharacters = 0;
  #full: Entry<Tag>[][] = [];
  #windowSize: number;
  #sourceEnded = false;
  #stopped = false;
  #encodingFailed = false;
  #failure: { error: unknown } | undefined;

  constructor(
    source: AsyncIterable<Job<Tag>>,
    private readonly encoder: Encoder,
    private readonly options: ReaderOptions<Tag>,
  ) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#windowSize = Math.min(options.firstWindow, options.window);
    this.#work = this.#run();
  }

  /** Whether all there was has been taken. */
  get ended(): boolean {
    return this.#sourceEnded && this.#full.length === 0;
  }

  /** What ended the source before its end; what it gave before can still be taken. */
  get failure(): { error: unknown } | undefined {
    return this.#failure;
  }

  /** Whether there are samples that wait for their window to be full. */
  get holdsBack(): boolean {
    return this.#full.length === 0 && !this.#sourceEnded && (this.#chunk.length > 0 || this.#filling.length > 0);
  }

  /** The next full window. */
  takeWindow(): Entry<Tag>[] | undefined {
    const window = this.#full.shift();
    if (window) this.#room.notify();
    return window;
  }

  /** Ends the window that is being filled with what there is. */
  flush(): void {
    this.#encodeChunk(() => {
      this.#endWindow();
    });
  }

  /** Closes the source and resolves when nothing is running any more; a source that stays silent keeps it waiting. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#room.notify();
    await this.#iterator.return?.().catch(() => undefined);
    await this.#work;
  }

  async #run(): Promise<void> {
    try {
      while (await this.#hasRoom()) {
        const asked = performance.now();
        const next = await this.#iterator.next();
        this.options.stats.seconds.read += (performance.now() - asked) / 1000;
        if (next.done === true) break;
        this.#chunk.push(next.value);
        this.#chunkCharacters += next.value.characters ?? 0;
        if (this.#chunk.length === CHUNK_SAMPLES || this.#chunkCharacters >= CHUNK_CHARACTERS) this.#encodeChunk();
        else if (this.options.live && this.#chunk.length === 1) this.options.onProgress([]);
      }
    } catch (error) {
      // A source that fails does not take along what it gave before.
      this.#failure ??= { error };
    }
    this.#encodeChunk();
    await this.#encoded;
    this.#endWindow();
    this.#sourceEnded = true;
    this.options.onProgress([]);
  }

  /** Waits for room to read on; false when there is no need to. */
  async #hasRoom(): Promise<boolean> {
    const full = (): boolean => this.#full.length > 0 || this.#chunksInFlight >= CHUNKS_IN_FLIGHT;
    while (!this.#stopped && !this.#failure && full()) await this.#room.wait();
    return !this.#stopped && !this.#failure;
  }

  #encodeChunk(then: () => void = () => undefined): void {
    const jobs = this.#chunk;
    this.#chunk = [];
    this.#chunkCharacters = 0;
    this.#chunksInFlight++;
    const encoding = this.#encode(jobs);
    encoding.catch(() => undefined); // It is handled below, when its turn comes.
    this.#encoded = this.#encoded.then(async () => {
      try {
        const results = await encoding;
        if (this.#encodingFailed) return;
        const entries = jobs.flatMap(({ tag, characters = 0 }, i) => {
          const result = results[i];
          if (!result) return [];
          const entry = new Entry(tag, result, characters);
          this.#add(entry);
          return [entry];
        });
        then();
        this.options.onProgress(entries);
      } catch (error) {
        this.#encodingFailed = true;
        this.#failure ??= { error };
      } finally {
        this.#chunksInFlight--;
        this.#room.notify();
      }
    });
  }

  async #encode(jobs: readonly Job<Tag>[]): Promise<(EncodedSample | InformError)[]> {
    const { onNative, stats } = this.options;
    const left = jobs.length > 0 ? await onNative?.(jobs.map(({ tag }) => tag)) : undefined;
    const encoded = await this.encoder.encode(
      jobs.map(({ conversation }) => conversation),
      stats.seconds,
    );
    left?.();
    return encoded;
  }

  #add(entry: Entry<Tag>): void {
    const { length } = entry.tokens;
    if (this.#fillingTokens + length > WINDOW_TOKENS) this.#endWindow();
    this.#filling.push(entry);
    this.#fillingTokens += length;
    this.#fillingCharacters += entry.characters;
    if (this.#filling.length === this.#windowSize) {
      this.#endWindow();
      this.#windowSize = Math.min(2 * this.#windowSize, this.options.window);
    } else if (this.#fillingCharacters >= WINDOW_CHARACTERS) {
      // Not with the next row: a sender that bounds what it sends may send none before a score comes back.
      this.#endWindow();
    }
  }

  #endWindow(): void {
    if (this.#filling.length === 0) return;
    this.#full.push(this.#filling);
    this.#filling = [];
    this.#fillingTokens = 0;
    this.#fillingCharacters = 0;
  }
}
