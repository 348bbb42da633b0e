import type { Encoder, EncodedSample } from './encoder.js';
import { abortError, throwIfAborted, type Engine } from './engine.js';
import { InformError } from './errors.js';

/** A sample on its way in, with whatever its owner wants to find again beside its score. */
export interface Job<Tag> {
  tag: Tag;
  sample: unknown;
}

/** What became of a job: a score, or the reason why there is none. */
export type Outcome<Tag> =
  | { tag: Tag; score: number; tokens: number; truncated: boolean; holdsSpecialText: boolean; error?: undefined }
  | { tag: Tag; error: InformError };

interface Entry<Tag> {
  tag: Tag;
  encoded: EncodedSample | InformError;
}

/** One batch is computed while the next one waits; a third would only fill memory. */
const BATCHES_IN_FLIGHT = 2;

/**
 * The flow of samples: taken from the source in chunks, encoded, packed into batches, evaluated, given back in input
 * order as soon as their batch is done. While the engine computes one batch the next is read and encoded.
 *
 * Throws INFORM_ABORTED, and what makes the whole run impossible (INFORM_CLOSED, INFORM_OUT_OF_MEMORY, …); when the
 * source fails, what was read before it is scored first.
 */
export async function* scoreStream<Tag>(
  source: AsyncIterable<Job<Tag>>,
  encoder: Encoder,
  engine: Engine,
  signal?: AbortSignal,
): AsyncGenerator<Outcome<Tag>> {
  // Ends the batch that is computed when the consumer leaves the loop early.
  const leaving = new AbortController();
  const stop = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;

  const batches = packBatches(encodeChunks(source, encoder, engine.maxSequences), engine);
  let reading: Promise<BatchEvent<Tag>> | undefined = nextBatch(batches);
  const evaluating: Promise<BatchEvent<Tag>>[] = [];
  let failure: { error: unknown } | undefined;
  try {
    while (reading !== undefined || evaluating.length > 0) {
      throwIfAborted(signal);
      const next: Promise<BatchEvent<Tag>>[] = evaluating.slice(0, 1);
      if (reading !== undefined && evaluating.length < BATCHES_IN_FLIGHT) next.push(reading);
      const event = await firstOf(next, signal);
      switch (event.kind) {
        case 'scored':
          void evaluating.shift();
          yield* event.outcomes;
          break;
        case 'read':
          evaluating.push(evaluateBatch(event.batch, engine, stop));
          // Its failure is met when its turn comes, or not at all where an earlier one ends the run.
          evaluating.at(-1)?.catch(() => undefined);
          reading = nextBatch(batches);
          break;
        case 'ended':
          reading = undefined;
          break;
        case 'failed':
          reading = undefined;
          failure = event;
          break;
      }
    }
    if (failure) throw failure.error;
  } finally {
    leaving.abort();
    await Promise.allSettled(evaluating);
    // A source that stays silent would hold the generator for ever: after an abort it is left to itself.
    const closed = batches.return(undefined).catch(() => undefined);
    if (signal?.aborted !== true) await closed;
  }
}

type BatchEvent<Tag> =
  | { kind: 'scored'; outcomes: Outcome<Tag>[] }
  | { kind: 'read'; batch: Entry<Tag>[] }
  | { kind: 'ended' }
  | { kind: 'failed'; error: unknown };

/** The first of the promises to settle, or INFORM_ABORTED when the signal fires before. */
async function firstOf<T>(promises: readonly Promise<T>[], signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return Promise.race(promises);
  // A promise of its own for each wait: one for the whole run would gather a reaction with every batch.
  let fire: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    fire = () => {
      reject(abortError(signal));
    };
    signal.addEventListener('abort', fire, { once: true });
  });
  try {
    return await Promise.race([aborted, ...promises]);
  } finally {
    if (fire) signal.removeEventListener('abort', fire);
  }
}

async function nextBatch<Tag>(batches: AsyncGenerator<Entry<Tag>[]>): Promise<BatchEvent<Tag>> {
  try {
    const next = await batches.next();
    return next.done === true ? { kind: 'ended' } : { kind: 'read', batch: next.value };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

async function* encodeChunks<Tag>(
  source: AsyncIterable<Job<Tag>>,
  encoder: Encoder,
  chunkSize: number,
): AsyncGenerator<Entry<Tag>> {
  let chunk: Job<Tag>[] = [];
  const encode = async (): Promise<Entry<Tag>[]> => {
    const jobs = chunk;
    chunk = [];
    const encoded = await encoder.encode(jobs.map((job) => job.sample));
    return jobs.flatMap(({ tag }, i) => {
      const result = encoded[i];
      return result ? [{ tag, encoded: result }] : [];
    });
  };
  // A source that fails does not take along what it gave before.
  let failure: { error: unknown } | undefined;
  try {
    for await (const job of source) {
      chunk.push(job);
      if (chunk.length === chunkSize) yield* await encode();
    }
  } catch (error) {
    failure = { error };
  }
  if (chunk.length > 0) yield* await encode();
  if (failure) throw failure.error;
}

/** Fills batches in input order up to the engine's sequences and tokens. Every encoded sample fits: maxLength does. */
async function* packBatches<Tag>(entries: AsyncIterable<Entry<Tag>>, engine: Engine): AsyncGenerator<Entry<Tag>[]> {
  let batch: Entry<Tag>[] = [];
  let tokens = 0;
  const take = (): Entry<Tag>[] => {
    const full = batch;
    batch = [];
    tokens = 0;
    return full;
  };
  let failure: { error: unknown } | undefined;
  try {
    for await (const entry of entries) {
      const length = entry.encoded instanceof InformError ? 0 : entry.encoded.tokens.length;
      if (tokens + length > engine.contextTokens) yield take();
      batch.push(entry);
      tokens += length;
      // At once and not with the next entry, which a slow source may keep back.
      if (batch.length === engine.maxSequences) yield take();
    }
  } catch (error) {
    failure = { error };
  }
  if (batch.length > 0) yield batch;
  if (failure) throw failure.error;
}

async function evaluateBatch<Tag>(batch: Entry<Tag>[], engine: Engine, signal: AbortSignal): Promise<BatchEvent<Tag>> {
  const sequences = batch.flatMap(({ encoded }) => (encoded instanceof InformError ? [] : [encoded.tokens]));
  const rewards = sequences.length > 0 ? await engine.evaluate(sequences, signal) : new Float32Array();
  const nextReward = rewards.values();
  const outcomes = batch.map(({ tag, encoded }): Outcome<Tag> => {
    if (encoded instanceof InformError) return { tag, error: encoded };
    const score = nextReward.next().value;
    if (score === undefined || !Number.isFinite(score)) return { tag, error: notFinite() };
    const { truncated, holdsSpecialText } = encoded;
    return { tag, score, tokens: encoded.tokens.length, truncated, holdsSpecialText };
  });
  return { kind: 'scored', outcomes };
}

function notFinite(): InformError {
  return new InformError(
    'INFORM_NON_FINITE_SCORE',
    "The model's arithmetic gave no finite number for this sample, so it has no score.",
  );
}
