import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { convertCheckpoint } from '#src/convert/convert.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { llamaVocabularyFiles } from '../../tools/random-checkpoint/vocabulary-files.js';
import { generateCheckpoint } from '../../tools/random-checkpoint/generate.js';
import type { Geometry } from '../../tools/random-checkpoint/geometry.js';
import type { DeviceReport } from '#src/addon/device-report.js';
import { packageRoot } from '#src/util/package-root.js';
import { writeBlockModel } from '../support/block-model.js';
import { dataFolder, DatasetMaker, tokenCount, type SetName } from '../support/datasets.js';
import { circumstances } from '../support/machine.js';
import { lastJsonLine, type TrialOrder } from '../trials/trial.js';
import { holdCard, NO_CARD, nvidiaSmi, run } from './child.js';
import { flopsPerToken, type Sizes } from './sizes.js';

/** What the steps share. */
export interface Setting {
  sizes: Sizes;
  /** For models and data sets. */
  folder: string;
  python: string;
  llamaBench: string;
  /** Whether there is a card; without one, steps run on the CPU and prove only that they run. */
  card: boolean;
  signal: AbortSignal;
}

export interface Step {
  id: string;
  run: (setting: Setting) => Promise<object>;
}

const ALL_LAYERS = 999;

/**
 * The largest difference from the CPU's scores, in standard deviations of these: 2e-2 on the small model of random weights, whose scores have
 * one of 2. The CPU and the card round the activations of quantized models differently (8 bits, in blocks of different size).
 */
const PARITY_BOUNDS = { f16: 0.01, q8_0: 0.05, q4_k_m: 0.05 } as const;
type ParityType = keyof typeof PARITY_BOUNDS;

/** In the order of what matters most: a run may end at any time. */
export function stepsOf({ microBatches, large }: Sizes): Step[] {
  const half = Math.floor(large.layerCount / 2);
  return [
    { id: 'machine', run: machine },
    { id: 'devices', run: devices },
    { id: 'parity-f16', run: (setting) => parity(setting, 'f16') },
    { id: 'parity-q8_0', run: (setting) => parity(setting, 'q8_0') },
    { id: 'parity-q4_k_m', run: (setting) => parity(setting, 'q4_k_m') },
    { id: 'repeat-f16', run: repeat },
    { id: 'crowded-1000mb', run: (setting) => crowded(setting, 1000e6) },
    { id: 'crowded-200mb', run: (setting) => crowded(setting, 200e6) },
    { id: 'ceilings', run: ceilings },
    { id: '70b-file', run: (setting) => modelFile(setting, 'large', 'q4_k_m') },
    { id: '70b-llama-bench', run: llamaBench },
    ...microBatches.map((microBatch): Step => ({
      id: `70b-ours-${microBatch}`,
      run: (setting) => ours70b(setting, 'uniform512', ALL_LAYERS, { microBatch }),
    })),
    { id: '70b-auto', run: automatic },
    { id: '70b-auto-24g', run: automaticOn24GB },
    { id: '70b-streamed-none', run: (setting) => streamed(setting, 0) },
    { id: '70b-streamed-half', run: (setting) => streamed(setting, half) },
    { id: '70b-streamed-all', run: (setting) => streamed(setting, ALL_LAYERS) },
    { id: '70b-sharing-on', run: (setting) => ours70b(setting, 'best-of-8', ALL_LAYERS, {}) },
    { id: '70b-sharing-off', run: (setting) => ours70b(setting, 'best-of-8', ALL_LAYERS, { share: false }) },
    { id: '8b-transformers', run: transformers },
    { id: '8b-ours-q4_k_m', run: (setting) => ours8b(setting, 'q4_k_m') },
    { id: '8b-ours-f16', run: (setting) => ours8b(setting, 'f16') },
  ];
}

async function machine({ card }: Setting): Promise<object> {
  const properties = card ? ['name', 'memory.total', 'driver_version', 'compute_cap'] : [];
  const answers = await Promise.all(properties.map(async (property) => [property, await nvidiaSmi(property)]));
  return { ...circumstances('bash bench/gpu/gpu.sh'), card: Object.fromEntries(answers) as object };
}

async function devices({ signal }: Setting): Promise<object> {
  const { stdout } = await run(process.execPath, [program('dist/cli/bin.js'), 'devices', '--json'], signal);
  return JSON.parse(stdout) as DeviceReport;
}

async function ceilings({ python, card, signal }: Setting): Promise<object> {
  const { stdout } = await run(python, [peer('gpu_ceilings.py'), card ? 'cuda' : 'cpu'], signal);
  return JSON.parse(stdout) as object;
}

/** The same rows on the CPU, in a process that sees no card, and with all layers on the card. */
async function parity(setting: Setting, type: ParityType): Promise<object> {
  const rows = await parityRows(setting, type);
  const cpu = await rows.score(['--gpu-layers', '0'], NO_CARD);
  const gpu = await rows.score(['--gpu-layers', String(ALL_LAYERS)]);
  return compared(cpu, gpu, PARITY_BOUNDS[type]);
}

/** The card's scores against its own: the same run again, and with other batches, with `--deterministic` and without. */
async function repeat(setting: Setting): Promise<object> {
  const { score } = await parityRows(setting, 'f16');
  const largest = (a: readonly number[], b: readonly number[]): number => largestDifference(a, b);
  const [once, again, alone] = [await score([]), await score([]), await score(['--batch-size', '1'])];
  const deterministic = await score(['--deterministic']);
  const deterministicAlone = await score(['--deterministic', '--batch-size', '1']);
  return {
    again: largest(once, again),
    batchOf1: largest(once, alone),
    deterministicBatchOf1: largest(deterministic, deterministicAlone),
  };
}

/** A card that another program has filled but for so many bytes: fewer layers, or the CPU; never a failed run or another score. */
async function crowded(setting: Setting, bytes: number): Promise<object> {
  const { score } = await parityRows(setting, 'f16');
  const cpu = await score(['--gpu-layers', '0'], NO_CARD);
  const gpu = await withFreeCard(setting, bytes, () => score([]));
  return compared(cpu, gpu, PARITY_BOUNDS.f16);
}

interface ParityRows {
  score: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<number[]>;
}

/** The parity model in a type, and the command line over its rows. */
async function parityRows(setting: Setting, type: ParityType): Promise<ParityRows> {
  const { folder, sizes, signal } = setting;
  const model = path.join(folder, `parity-${type}.gguf`);
  if (!existsSync(model)) {
    const checkpoint = path.join(folder, 'parity-checkpoint');
    if (!existsSync(path.join(checkpoint, 'model.safetensors.index.json')))
      await generateCheckpoint(checkpoint, { ...(await llamaVocabularyFiles()), geometry: sizes.parity });
    await convertCheckpoint(checkpoint, model, { type });
  }
  const dataset = await datasetFile(setting, 'sft', sizes.parityRows);
  const rows = path.join(folder, 'parity-rows.jsonl');
  writeFileSync(rows, dataset.samples.map((sample) => JSON.stringify(sample)).join('\n'));
  const command = [program('dist/cli/bin.js'), rows, '-m', model, '--progress', 'none'];
  return {
    score: async (args, env) => {
      const { stdout } = await run(process.execPath, [...command, ...args], signal, env);
      return stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { score: number }).score);
    },
  };
}

/** @param bound of the largest difference, in standard deviations of the expected scores */
function compared(expected: readonly number[], scores: readonly number[], bound: number): object {
  const largest = largestDifference(expected, scores);
  const most = bound * deviation(expected);
  return {
    rows: expected.length,
    deviation: deviation(expected),
    largestDifference: largest,
    bound: most,
    within: largest <= most,
  };
}

/** NaN where the two are not of one length. */
function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return NaN;
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
}

async function modelFile(setting: Setting, size: 'large' | 'medium', type: ConversionType): Promise<object> {
  const { file, geometry } = modelOf(setting, size, type);
  if (existsSync(file)) return { file, made: false };
  const start = performance.now();
  const bytes = await writeBlockModel(file, geometry, type, setting.folder);
  return { file, made: true, bytes, makingSeconds: (performance.now() - start) / 1000 };
}

/** Prompts of as many tokens as the micro-batch, each in one micro-batch: llama.cpp's own speed. */
async function llamaBench(setting: Setting): Promise<object> {
  const { llamaBench: command, sizes, card, signal } = setting;
  const { file } = await ensureModel(setting, 'large', 'q4_k_m');
  const largest = String(Math.max(...sizes.microBatches));
  const prompts = ['-p', sizes.microBatches.join(','), '-n', '0', '-b', largest, '-ub', largest, '-r', '2'];
  const args = ['-m', file, ...prompts, '-fa', '1', '-ngl', card ? String(ALL_LAYERS) : '0', '-o', 'json'];
  const { stdout, cardBytes } = await run(command, args, signal);
  const tests = JSON.parse(stdout) as { n_prompt: number; avg_ts: number; stddev_ts: number }[];
  return {
    cardBytes,
    tests: tests.map(({ n_prompt, avg_ts, stddev_ts }) => ({
      microBatch: n_prompt,
      tokensPerSecond: avg_ts,
      deviation: stddev_ts,
      tflops: (avg_ts * flopsPerToken(sizes.large)) / 1e12,
    })),
  };
}

async function ours70b(
  setting: Setting,
  set: SetName,
  gpuLayers: number,
  options: { microBatch?: number; share?: boolean },
): Promise<object> {
  const { file } = await ensureModel(setting, 'large', 'q4_k_m');
  const size = set === 'uniform512' ? setting.sizes.uniformSamples : setting.sizes.prompts;
  const { microBatch = 512 } = options;
  // The whole micro-batch has to fit into the KV cache; four of them make a batch where they do.
  const contextTokens = Math.max(4096, microBatch);
  return trial(setting, file, setting.sizes.large, set, size, { ...options, gpuLayers, contextTokens });
}

/** What a user gets who sets nothing, beside what `plan` said of it. */
async function automatic(setting: Setting): Promise<object> {
  const { file } = await ensureModel(setting, 'large', 'q4_k_m');
  const planned = await run(process.execPath, [program('dist/cli/bin.js'), 'plan', file, '--json'], setting.signal);
  const { uniformSamples, large } = setting.sizes;
  const result = await trial(setting, file, large, 'uniform512', uniformSamples, {});
  return { ...result, plan: JSON.parse(planned.stdout) as object };
}

/** The same on a card of 24 GB: another program holds the rest of this one. */
function automaticOn24GB(setting: Setting): Promise<object> {
  return withFreeCard(setting, 24e9, () => automatic(setting));
}

/** Runs something while another program holds the card but for so many bytes. */
async function withFreeCard<T>({ python, card }: Setting, bytes: number, work: () => Promise<T>): Promise<T> {
  if (!card) return work();
  const holder = await holdCard(python, [peer('hold_card.py'), String(bytes)]);
  try {
    return await work();
  } finally {
    await holder.release();
  }
}

function streamed(setting: Setting, gpuLayers: number): Promise<object> {
  return ours70b(setting, 'uniform512', gpuLayers, { microBatch: setting.sizes.streamedMicroBatch });
}

async function ours8b(setting: Setting, type: ConversionType): Promise<object> {
  const { file } = await ensureModel(setting, 'medium', type);
  const options = { gpuLayers: ALL_LAYERS, microBatch: 2048 };
  const result = await trial(setting, file, setting.sizes.medium, 'sft', setting.sizes.sftRows, options);
  await rm(file); // makes room for the next one
  return result;
}

async function transformers(setting: Setting): Promise<object> {
  const { python, card, sizes, signal } = setting;
  const { file, tokens } = await datasetFile(setting, 'sft', sizes.sftRows);
  const args = [JSON.stringify(sizes.medium), file, '2', 'bfloat16', card ? 'cuda' : 'cpu'];
  const { stdout, cardBytes } = await run(python, [peer('transformers_batches.py'), ...args], signal);
  const result = lastJsonLine(stdout);
  if (result.tokens !== tokens) throw new Error(`transformers ran ${result.tokens} tokens, not ${tokens}.`);
  return { ...result, tokensPerSecond: result.tokens / result.seconds, cardBytes };
}

/** One trial of ours in a process of its own. */
async function trial(
  setting: Setting,
  model: string,
  geometry: Geometry,
  set: SetName,
  size: number,
  options: Record<string, unknown>,
): Promise<object> {
  const { file, tokens } = await datasetFile(setting, set, size);
  const order: TrialOrder = { model, dataset: file, options };
  const args = [program('dist-dev/bench/trials/ours.js'), JSON.stringify(order)];
  const { stdout, seconds: wholeSeconds, cardBytes } = await run(process.execPath, args, setting.signal);
  const result = lastJsonLine(stdout);
  if (result.tokens !== tokens) throw new Error(`Ours ran ${result.tokens} tokens, not ${tokens}.`);
  const computed = result.computedTokens ?? result.tokens;
  return {
    set,
    options,
    ...result,
    tokensPerSecond: result.tokens / result.seconds,
    tflops: (computed * flopsPerToken(geometry)) / result.seconds / 1e12,
    wholeSeconds,
    cardBytes,
  };
}

function modelOf(
  { folder, sizes }: Setting,
  size: 'large' | 'medium',
  type: ConversionType,
): { file: string; geometry: Geometry } {
  return { file: path.join(folder, `${size}-${sizes[size].layerCount}-${type}.gguf`), geometry: sizes[size] };
}

async function ensureModel(
  setting: Setting,
  size: 'large' | 'medium',
  type: ConversionType,
): Promise<{ file: string }> {
  await modelFile(setting, size, type);
  return modelOf(setting, size, type);
}

/** Tokenized with the parity model, which has the same vocabulary and template. */
async function datasetFile(
  { folder, sizes }: Setting,
  set: SetName,
  size: number,
): Promise<{ file: string; tokens: number; samples: readonly unknown[] }> {
  const model = path.join(folder, 'parity-f16.gguf');
  if (!existsSync(model)) {
    const checkpoint = path.join(folder, 'parity-checkpoint');
    await generateCheckpoint(checkpoint, { ...(await llamaVocabularyFiles()), geometry: sizes.parity });
    await convertCheckpoint(checkpoint, model, { type: 'f16' });
  }
  const maker = await DatasetMaker.open(model, dataFolder().folder);
  try {
    const dataset = await maker.make(set, size);
    const file = path.join(folder, `${set}-${size}.json`);
    writeFileSync(file, JSON.stringify(dataset));
    return { file, tokens: tokenCount(dataset), samples: dataset.samples ?? [] };
  } finally {
    await maker.close();
  }
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function program(file: string): string {
  return path.join(packageRoot(), file);
}

function peer(file: string): string {
  return path.join(packageRoot(), 'bench', 'peers', file);
}
