import { InformError } from '../../errors.js';
import type { SettledOptions } from '../../options/settle.js';
import type { BatchSizes } from './plan.js';

/** Room for a long prompt and its answers. See docs/design.md for the measurement. */
const CONTEXT_TOKENS = 4096;

/** On the CPU larger micro-batches gain nothing. See docs/design.md. */
const CPU_MICRO_BATCH = 512;

const GPU_MICRO_BATCHES = [512, 1024, 2048, 4096, 8192];

/** A GPU gains by batches of at least this many tokens: the score head runs less often, and fewer micro-batches are left half full. */
const GPU_BATCH_TOKENS = 2048;

/** What a sample of instruction data has on average, beside the template's header: 147 tokens in sft-805, 30 of them the header. */
const SAMPLE_TOKENS = 128;

/** What stays in the KV cache from the batch before: an eighth, in whole steps of the cache. */
const RESIDENT_PART = 1 / 8;
const CONTEXT_STEP = 256;

type BatchOptions = Pick<
  SettledOptions,
  'contextTokens' | 'batchTokens' | 'microBatch' | 'maxLength' | 'batchSize' | 'deterministic'
>;

/** How work is cut where the CPU does everything. */
export function cpuBatchSizes(options: BatchOptions): BatchSizes {
  const microBatch = options.microBatch === 'auto' ? CPU_MICRO_BATCH : options.microBatch;
  const batchTokens = options.batchTokens === 'auto' ? microBatch : options.batchTokens;
  return { microBatch, batchTokens, contextTokens: contextTokensOf(options, 0) };
}

/**
 * The ways to cut work that are worth a thought with a GPU, from small to large micro-batches; one where the user names one.
 *
 * @throws InformError INFORM_INVALID_CONFIG (a context that holds no sequence of the greatest length)
 */
export function gpuBatchSizes(options: BatchOptions): BatchSizes[] {
  const sizes = options.microBatch === 'auto' ? usefulMicroBatches(options) : [options.microBatch];
  return sizes.map((microBatch) => {
    const batchTokens = options.batchTokens === 'auto' ? Math.max(microBatch, GPU_BATCH_TOKENS) : options.batchTokens;
    return { microBatch, batchTokens, contextTokens: contextTokensOf(options, batchTokens) };
  });
}

/** Micro-batches that can be filled by what is evaluated together; the smallest one always. */
function usefulMicroBatches({
  contextTokens,
  batchTokens,
  batchSize,
  maxLength,
  deterministic,
}: BatchOptions): number[] {
  const most = Math.min(
    deterministic ? maxLength : batchSize * Math.min(maxLength, SAMPLE_TOKENS),
    contextTokens === 'auto' ? Infinity : contextTokens,
    batchTokens === 'auto' ? Infinity : Math.max(batchTokens, maxLength),
  );
  const [smallest = CPU_MICRO_BATCH, ...larger] = GPU_MICRO_BATCHES;
  return [smallest, ...larger.filter((size) => size <= most)];
}

function contextTokensOf({ contextTokens, maxLength }: BatchOptions, batchTokens: number): number {
  if (contextTokens === 'auto') {
    const withResident = batchTokens + Math.ceil((batchTokens * RESIDENT_PART) / CONTEXT_STEP) * CONTEXT_STEP;
    return Math.max(maxLength, CONTEXT_TOKENS, withResident);
  }
  if (contextTokens >= maxLength) return contextTokens;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `context_tokens is ${contextTokens}, but must hold the longest sequence, max_length ${maxLength}. Raise one or lower the other.`,
  );
}
