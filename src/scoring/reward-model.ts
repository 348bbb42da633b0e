import { InformError, toInformError } from '../errors.js';
import { checkedConversation, toId, type Sample, type SampleId } from '../input/sample.js';
import type { ConfirmDownload } from '../models/confirm-download.js';
import { prepareModel } from '../models/prepare.js';
import { resolveModelOptions } from '../options/check.js';
import { refuseUnknownOptions } from '../options/unknown-key.js';
import { requireFunction, requireIterable, requireOptions, requireSignal, requireText } from '../util/call-checks.js';
import { CallerErrors } from '../util/caller-errors.js';
import type { ModelOptions } from '../options/model-options.js';
import type { ProgressStatus } from '../util/progress-status.js';
import { LoadedModel, type ModelInfo } from './loaded-model.js';
import type { Job } from './job.js';

/** Options of `RewardModel.load`, as docs/api.md lists them, all optional. */
export interface LoadOptions extends Partial<ModelOptions> {
  /** Ends the loading with INFORM_ABORTED. */
  signal?: AbortSignal | undefined;
  /** Called now and then while the model is made ready. */
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  /**
   * Asked before more than 5 GB are downloaded for a Hugging Face id; without it such a download is refused with
   * INFORM_DOWNLOAD_REFUSED.
   */
  confirmDownload?: ConfirmDownload | undefined;
}

/** What is being done while a model is made ready, and how far it is. */
export type LoadProgress = ProgressStatus;

export interface ScoreResult<S extends Sample = Sample> {
  /** The sample's 0-based place in the input. */
  index: number;
  /** The sample, as it was given. */
  sample: S;
  /** The sample's `id`, or its 0-based place in the input where it has none. */
  id: SampleId;
  /** The raw reward: the head's output on the last token. Higher is better; there is no fixed range. */
  score: number;
  /** Tokens evaluated, after truncation. */
  tokens: number;
  /** Whether tokens beyond `maxLength` were cut off. */
  truncated: boolean;
}

/** A sample without a score. */
export interface Rejection {
  /** The sample's 0-based place in the input. */
  index: number;
  /** The sample's `id`, or `index` where it has none. */
  id: SampleId;
  error: InformError;
}

export interface ScoreOptions {
  /** Ends the scoring with INFORM_ABORTED. */
  signal?: AbortSignal | undefined;
}

export interface ScoreAllOptions extends ScoreOptions {
  /** Called, in input order, for samples that cannot be scored; without it the first one is thrown. */
  onReject?: ((rejection: Rejection) => void) | undefined;
}

/**
 * A reward model, loaded and ready to score.
 *
 *     const model = await RewardModel.load('inform-orm-q4_k_m.gguf', { batchSize: 32, maxLength: 4096 });
 *     const score = await model.score({ instruction, output });
 *     for await (const { id, score } of model.scoreAll(samples)) { … }
 *     await model.close();
 *
 * It evaluates in this process, on native threads; the event loop stays free. Close it when done: its memory is of the
 * model file's order. A forgotten one is freed when it is garbage-collected.
 */
export class RewardModel implements AsyncDisposable {
  readonly #model: LoadedModel;

  private constructor(model: LoadedModel) {
    this.#model = model;
  }

  get info(): ModelInfo {
    return this.#model.info;
  }

  /**
   * Loads a GGUF file with its score head, or the embedded model for `'demo'`. A checkpoint folder is converted the first
   * time; a Hugging Face id (`owner/name`) is downloaded, too. docs/models.md says where the files go.
   *
   * Throws InformError: INFORM_INVALID_CONFIG for options, INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE,
   * INFORM_MODEL_HAS_NO_HEAD, INFORM_UNSUPPORTED_MODEL, INFORM_MODEL_LOAD_FAILED, INFORM_TEMPLATE_FAILED,
   * INFORM_OUT_OF_MEMORY, INFORM_ABORTED, INFORM_BINARY_NOT_FOUND; for folders and ids also INFORM_INVALID_CHECKPOINT,
   * INFORM_OUTPUT_UNWRITABLE, INFORM_DOWNLOAD_FAILED, INFORM_DOWNLOAD_REFUSED.
   */
  static async load(model: string, options: LoadOptions = {}): Promise<RewardModel> {
    requireText(model, 'model');
    requireOptions(options, 'options');
    const { signal, onProgress, confirmDownload, ...given } = options;
    requireSignal(signal);
    requireFunction(onProgress, 'onProgress');
    requireFunction(confirmDownload, 'confirmDownload');
    const callers = new CallerErrors();
    const tell = callers.watch(onProgress);
    try {
      const prepared = await prepareModel(model, resolveModelOptions(given), {
        signal,
        onProgress: tell,
        confirm: callers.watch(confirmDownload),
      });
      const loaded = await LoadedModel.load(prepared, {
        signal,
        onProgress:
          tell &&
          ((fraction) => {
            tell({ label: 'Loading model', fraction });
          }),
      });
      return new RewardModel(loaded);
    } catch (error) {
      throw callers.outward(error);
    }
  }

  /** The reward of one sample. Throws INFORM_INVALID_SAMPLE, INFORM_NON_FINITE_SCORE, INFORM_CLOSED, INFORM_ABORTED. */
  async score(sample: Sample, options: ScoreOptions = {}): Promise<number> {
    checkScoreOptions(options, ['signal']);
    for await (const { score } of this.scoreAll([sample], { signal: options.signal })) return score;
    throw new InformError('INFORM_INTERNAL', 'The sample was lost.');
  }

  /**
   * Scores of many samples, in input order and as they come; memory does not grow with their number. Samples may be an
   * array, a generator or a stream of objects.
   *
   * Without `onReject` a sample that cannot be scored ends the loop with its error.
   */
  async *scoreAll<S extends Sample>(
    samples: Iterable<S> | AsyncIterable<S>,
    options: ScoreAllOptions = {},
  ): AsyncGenerator<ScoreResult<S>, void, undefined> {
    requireIterable(samples, 'samples');
    checkScoreOptions(options, ['signal', 'onReject']);
    const live = Symbol.asyncIterator in samples;
    const callers = new CallerErrors();
    const reject = callers.watch(options.onReject);
    try {
      const jobs = numbered(callers.watchAll<S>(samples));
      for await (const outcome of this.#model.scoreJobs(jobs, { live, signal: options.signal })) {
        const { index, id, sample } = outcome.tag;
        if (outcome.error === undefined) {
          yield { index, id, sample, score: outcome.score, tokens: outcome.tokens, truncated: outcome.truncated };
        } else if (reject) {
          reject({ index, id, error: outcome.error });
        } else {
          throw outcome.error;
        }
      }
    } catch (error) {
      throw callers.outward(error);
    }
  }

  /** Refuses new work, waits for what runs, frees the model. Idempotent. */
  close(): Promise<void> {
    return this.#model.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** @throws InformError INFORM_INVALID_ARGUMENT; INFORM_INVALID_CONFIG for an option that there is not */
function checkScoreOptions(options: ScoreAllOptions, known: readonly (keyof ScoreAllOptions)[]): void {
  requireOptions(options, 'options');
  refuseUnknownOptions(options, known);
  requireSignal(options.signal);
  requireFunction(options.onReject, 'onReject');
}

interface Tag<S> {
  readonly index: number;
  readonly id: SampleId;
  readonly sample: S;
}

async function* numbered<S>(samples: AsyncIterable<S>): AsyncGenerator<Job<Tag<S>>> {
  let index = 0;
  for await (const sample of samples) {
    yield jobOf(sample, index);
    index++;
  }
}

/** A bad id makes a bad sample, which is reported where its turn comes. */
function jobOf<S>(sample: S, index: number): Job<Tag<S>> {
  try {
    const id = typeof sample === 'object' && sample !== null && 'id' in sample ? toId(sample.id) : undefined;
    return { tag: { index, id: id ?? index, sample }, conversation: checkedConversation(sample) };
  } catch (error) {
    return { tag: { index, id: index, sample }, conversation: toInformError(error) };
  }
}
