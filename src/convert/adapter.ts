import { resolve } from 'node:path';

import { ADAPTER_CONFIG, readAdapterConfig, type AdapterConfig } from './adapter-config.js';
import { openCheckpoint, type Checkpoint, type OpenCheckpointOptions } from './checkpoint.js';
import type { CheckpointConfig } from './checkpoint-config.js';
import { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint, type JsonObject } from './checkpoint-file.js';
import { floatTypeOf } from './float-type.js';
import { readHeadFile } from './head-file.js';
import { readShardTensors, readTensorTable, type SafetensorsTensor } from './safetensors.js';
import { unsupported } from './config-values.js';
import { FolderStore } from './weights.js';

const ADAPTER_FILE = 'adapter_model.safetensors';

/** What PEFT's names begin with. */
const PREFIX = 'base_model.model.';

const FACTOR = /^(.*)\.lora_([AB])\.weight$/;

/** The output matrix of a language model, which no head here uses. */
const LOGITS = /^lm_head\./;

/**
 * A PEFT adapter over its base as one checkpoint: each matrix of the base that the adapter changes is merged while it is
 * converted, in F32, as PEFT's merge_and_unload does with a base in that type.
 *
 * @throws InformError what `openCheckpoint` throws, and INFORM_UNSUPPORTED_MODEL for what is no plain LoRA
 */
export async function openAdapter(
  adapterFolder: string,
  baseFolder: string,
  options: Omit<OpenCheckpointOptions, 'readTensors' | 'rewardToken'> = {},
): Promise<Checkpoint> {
  const adapterFiles = new CheckpointFiles(adapterFolder);
  await adapterFiles.checkFolder();
  const stated = await adapterFiles.json(ADAPTER_CONFIG);
  if (stated === undefined) {
    throw invalidCheckpoint(
      `${adapterFolder} holds no adapter: it has no ${ADAPTER_CONFIG}. Name the adapter's folder, and behind --base that of its base.`,
    );
  }
  const adapter = readAdapterConfig(stated, adapterFiles.path(ADAPTER_CONFIG));
  const files = new MergedFiles(adapterFiles, baseFolder, adapter, await adapterFiles.has('tokenizer.json'));
  return openCheckpoint(files, {
    ...options,
    readTensors: (config) => mergedTensors(config, files, adapterFolder, adapter),
  });
}

/** The base's files, but for a tokenizer and a value head that lie beside the adapter. */
class MergedFiles extends CheckpointFiles {
  readonly #adapter: CheckpointFiles;
  readonly #isClassifier: boolean;
  readonly #hasTokenizer: boolean;

  constructor(adapter: CheckpointFiles, base: string, { isClassifier }: AdapterConfig, hasTokenizer: boolean) {
    super(base);
    this.#adapter = adapter;
    this.#isClassifier = isClassifier;
    this.#hasTokenizer = hasTokenizer;
  }

  override has(name: string): Promise<boolean> {
    return this.#isAdapters(name) ? this.#adapter.has(name) : super.has(name);
  }

  override text(name: string): Promise<string | undefined> {
    return this.#isAdapters(name) ? this.#adapter.text(name) : super.text(name);
  }

  /** The class of a classifier whose base may be a language model. */
  override async json(name: string): Promise<JsonObject | undefined> {
    const object = await super.json(name);
    if (object === undefined || name !== 'config.json' || !this.#isClassifier) return object;
    const [base] = [object['architectures']].flat();
    if (typeof base !== 'string') return object;
    return { ...object, architectures: [base.replace(/ForCausalLM$/, 'ForSequenceClassification')] };
  }

  #isAdapters(name: string): boolean {
    if (name.startsWith('value_head.')) return true;
    return this.#hasTokenizer && /^(?:tokenizer|special_tokens|added_tokens|chat_template)/.test(name);
  }
}

async function mergedTensors(
  { recipe, backbone }: CheckpointConfig,
  base: CheckpointFiles,
  folder: string,
  adapter: AdapterConfig,
): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  const tensors = await readTensorTable(base, new FolderStore(base.folder));
  const store = new FolderStore(folder);
  const own = await readShardTensors(ADAPTER_FILE, folder, store);
  const head = recipe.headFile === undefined ? [] : await readHeadFile(recipe, folder, store);
  const here = (tensor: SafetensorsTensor): SafetensorsTensor => ({ ...tensor, file: resolve(folder, tensor.file) });
  const factors = new Map<string, Partial<Record<'A' | 'B', SafetensorsTensor>>>();
  for (const tensor of own.map(here)) {
    const name = withoutPrefix(tensor.name);
    if (LOGITS.test(name)) continue;
    const [, module, factor] = FACTOR.exec(name) ?? [];
    if (module === undefined) tensors.set(name, { ...tensor, name });
    else factors.set(module, { ...factors.get(module), [factor ?? '']: tensor });
  }
  if (factors.size > 0 && backbone.names?.isFused === true) {
    throw unsupported(
      `${folder} holds an adapter of a ${backbone.modelType}, whose fused matrices are not merged. Merge it with PEFT's merge_and_unload().`,
    );
  }
  for (const [module, { A, B }] of factors) {
    const name = `${module}.weight`;
    tensors.set(name, changed(name, tensors.get(name), A, B, adapter));
  }
  for (const tensor of head.map(here)) tensors.set(tensor.name, tensor);
  return tensors;
}

function withoutPrefix(name: string): string {
  if (name.startsWith(PREFIX)) return name.slice(PREFIX.length);
  throw invalidCheckpoint(
    `${ADAPTER_FILE} has the tensor ${JSON.stringify(name.slice(0, 120))}; PEFT's names begin with ${PREFIX}`,
  );
}

function changed(
  name: string,
  base: SafetensorsTensor | undefined,
  A: SafetensorsTensor | undefined,
  B: SafetensorsTensor | undefined,
  { scaleOf }: AdapterConfig,
): SafetensorsTensor {
  if (base === undefined) throw invalidCheckpoint(`The adapter changes ${name}, which the base has not.`);
  const [rows, columns] = base.shape;
  const [rank = 0] = A?.shape ?? [];
  const fits =
    A !== undefined &&
    B !== undefined &&
    rank > 0 &&
    base.shape.length === 2 &&
    isShape(A, [rank, columns]) &&
    isShape(B, [rows, rank]);
  if (!fits) {
    const shapes = [A, B].map((factor) => (factor === undefined ? 'nothing' : `[${factor.shape.join(', ')}]`));
    throw invalidCheckpoint(
      `The adapter has ${shapes.join(' and ')} for ${name}, whose shape in the base is [${base.shape.join(', ')}]. Name the base that it was trained on.`,
    );
  }
  floatTypeOf(A);
  floatTypeOf(B);
  return { ...base, lowRank: { a: A, b: B, rank, scale: scaleOf(rank) } };
}

function isShape({ shape }: SafetensorsTensor, expected: readonly (number | undefined)[]): boolean {
  return shape.length === expected.length && shape.every((size, i) => size === expected[i]);
}
