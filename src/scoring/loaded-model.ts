import type { ModelSizes } from '../addon/load-addon.js';
import { Engine } from '../engine/engine.js';
import { InformError } from '../errors.js';
import type { PreparedModel } from '../models/prepare.js';
import { ChatTemplate, TEMPLATE_MILLISECONDS } from '../prompt/chat-template.js';
import { templateDateOf } from '../prompt/template-date.js';
import { Encoder } from '../prompt/encoder.js';
import { readRewriter, readModelRules } from './encoding-rules.js';
import { scoreStream, type Job, type Outcome, type StreamOptions } from './score-stream.js';

/** What a loaded model is. */
export interface ModelInfo extends ModelSizes {
  /** The GGUF file. */
  path: string;
  /** The most tokens evaluated together. */
  contextTokens: number;
  /** Tokens that go through the layers at once. */
  microBatch: number;
  /** The GPUs in use, none where the CPU does everything. */
  devices: readonly DeviceLayers[];
  /** What happened while the model was loaded that a user should know, a sentence each: that memory did not suffice. */
  notes: readonly string[];
}

/** What a GPU has of a model. */
export interface DeviceLayers {
  name: string;
  /** Layers that it computes. */
  layers: number;
  /** Those of them whose weights are copied to it for each micro-batch. */
  streamedLayers: number;
}

export interface LoadHooks {
  /** Ends the loading with INFORM_ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the fraction, 0..1, of the weights that are loaded. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** A model in this process's memory: template, tokenizer and engine, through which jobs flow. */
export class LoadedModel implements AsyncDisposable {
  readonly info: ModelInfo;
  readonly #engine: Engine;
  readonly #encoder: Encoder;
  readonly #window: number;

  private constructor(engine: Engine, encoder: Encoder, window: number, info: ModelInfo) {
    this.#engine = engine;
    this.#encoder = encoder;
    this.#window = window;
    this.info = info;
  }

  /** @throws InformError what loading the model's files throws, and INFORM_TEMPLATE_FAILED */
  static async load(model: PreparedModel, hooks: LoadHooks = {}): Promise<LoadedModel> {
    const { path, headPath, template, options, notes } = model;
    // Read while native code loads the model, whose own failure is said first.
    const reading = readRules(model);
    reading.catch(() => undefined);
    const engine = await Engine.load({ path, headPath, options }, hooks);
    try {
      const { encoding: rules, templateTokens, rewriter } = await reading;
      const date = templateDateOf(options);
      const source = template ?? modelTemplate(engine, path);
      const chatTemplate = new ChatTemplate(source, templateTokens, TEMPLATE_MILLISECONDS, date);
      const encoder = new Encoder(engine, chatTemplate, { ...options, rules, rewriter });
      return new LoadedModel(engine, encoder, options.window, describe(path, engine, notes));
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** The outcomes of jobs, in input order and as they come. Throws what `scoreStream` throws. */
  scoreJobs<Tag>(
    jobs: AsyncIterable<Job<Tag>>,
    options: Omit<StreamOptions<Tag>, 'window'> = { live: true },
  ): AsyncGenerator<Outcome<Tag>> {
    return scoreStream(jobs, this.#encoder, this.#engine, { ...options, window: this.#window });
  }

  /** Refuses new work, waits for what runs, frees the model. Idempotent. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function readRules(model: PreparedModel) {
  const { normalizer, ...rules } = await readModelRules(model);
  return { ...rules, rewriter: await readRewriter(model.path, normalizer) };
}

function modelTemplate(engine: Engine, model: string): string {
  if (engine.info.chatTemplate !== '') return engine.info.chatTemplate;
  throw new InformError(
    'INFORM_TEMPLATE_FAILED',
    `${model} holds no chat template (tokenizer.chat_template). Name a Jinja file with chat_template.`,
  );
}

function describe(path: string, engine: Engine, settled: readonly string[]): ModelInfo {
  const { description, sizeBytes, parameters, vocabularySize, hiddenSize, headHiddenSize, trainedContext } =
    engine.info;
  const { limits, microBatch, placement, notes } = engine;
  return {
    path,
    description,
    sizeBytes,
    parameters,
    vocabularySize,
    hiddenSize,
    headHiddenSize,
    trainedContext,
    contextTokens: limits.contextTokens,
    microBatch,
    devices: (placement?.devices ?? []).map(({ name, layers, streamedLayers }) => ({ name, layers, streamedLayers })),
    notes: [...settled, ...notes],
  };
}
