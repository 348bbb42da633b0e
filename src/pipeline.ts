import type { Encoder, EncodedSample } from './encoder.js';
import { throwIfAborted, type Engine } from './engine.js';
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

/**
 * The flow of samples: taken from the source in chunks, encoded, packed into batches, evaluated, given back in input
 * order. While the engine computes one batch the next is read and encoded, and no more than that is held in memory.
 *
 * Throws INFORM_ABORTED, and what makes the whole run impossible (INFORM_CLOSED, INFORM_OUT_OF_MEMORY, …).
 */
export async function* scoreStream<Tag>(
  source: AsyncIterable<Job<Tag>>,
  encoder: Encoder,
  engine: Engine,
  signal?: AbortSignal,
): AsyncGenerator<Outcome<Tag>> {
  // Ends the batch that is computed when the consumer leaves the loop early, or when reading fails.
  const leaving = new AbortController();
  const stop = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;

  let running: Promise<Outcome<Tag>[]> | undefined;
  try {
    const batches = packBatches(encodeChunks(source, encoder, engine.maxSequences), engine);
    for await (const batch of batches) {
      throwIfAborted(signal);
      const next = evaluateBatch(batch, engine, stop);
      // Its failure is met when its turn comes, or not at all where an earlier one ends the run.
      next.catch(() => undefined);
      const previous = running;
      running = next;
      if (previous) yield* await previous;
    }
    if (running) yield* await running;
    running = undefined;
  } finally {
    leaving.abort();
    await running?.catch(() => undefined);
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
  for await (const job of source) {
    chunk.push(job);
    if (chunk.length === chunkSize) yield* await encode();
  }
  if (chunk.length > 0) yield* await encode();
}

/** Fills batches in input order up to the engine's sequences and tokens. Every encoded sample fits: maxLength does. */
async function* packBatches<Tag>(entries: AsyncIterable<Entry<Tag>>, engine: Engine): AsyncGenerator<Entry<Tag>[]> {
  let batch: Entry<Tag>[] = [];
  let tokens = 0;
  for await (const entry of entries) {
    const length = entry.encoded instanceof InformError ? 0 : entry.encoded.tokens.length;
    if (batch.length === engine.maxSequences || tokens + length > engine.contextTokens) {
      yield batch;
      batch = [];
      tokens = 0;
    }
    batch.push(entry);
    tokens += length;
  }
  if (batch.length > 0) yield batch;
}

async function evaluateBatch<Tag>(batch: Entry<Tag>[], engine: Engine, signal: AbortSignal): Promise<Outcome<Tag>[]> {
  const sequences = batch.flatMap(({ encoded }) => (encoded instanceof InformError ? [] : [encoded.tokens]));
  const rewards = sequences.length > 0 ? await engine.evaluate(sequences, signal) : new Float32Array();
  const nextReward = rewards.values();
  return batch.map(({ tag, encoded }) => {
    if (encoded instanceof InformError) return { tag, error: encoded };
    const score = nextReward.next().value;
    if (score === undefined || !Number.isFinite(score)) return { tag, error: notFinite() };
    const { truncated, holdsSpecialText } = encoded;
    return { tag, score, tokens: encoded.tokens.length, truncated, holdsSpecialText };
  });
}

function notFinite(): InformError {
  return new InformError(
    'INFORM_NON_FINITE_SCORE',
    "The model's arithmetic gave no finite number for this sample, so it has no score.",
  );
}
