import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild, type ChildResult } from './child.js';
import { tokenCount, type Dataset } from './datasets.js';
import type { BenchModel } from './models.js';
import {
  ikLlamaBench,
  llamaCppProgram,
  nodeLlamaCppFolder,
  peerFile,
  pinnedNodeLlamaCpp,
  pythonWithTransformers,
} from './peers.js';
import { lastJsonLine, type Trial, type TrialOrder } from '../trials/trial.js';

/** A data set on disk, and a folder for a contestant's own files beside it. */
export interface TrialInput {
  model: BenchModel;
  dataset: Dataset;
  datasetFile: string;
  folder: string;
  threads: number;
}

export type TrialResult = Trial & Omit<ChildResult, 'stdout' | 'stderr'>;

export interface Contestant {
  id: string;
  /** What it is and how it is run, for readers of the results. */
  description: string;
  /** Its version, undefined where it is not installed. */
  version: () => string | undefined;
  /** Runs a data set once, in a process of its own. */
  run: (input: TrialInput) => Promise<TrialResult>;
}

/** llama-embedding's batch and micro-batch: it refuses samples that are longer. Smaller and larger ones were slower. */
const EMBEDDING_BATCH = 2048;

export const OURS: Contestant = {
  id: 'ours',
  description: 'inform-score with its defaults',
  version: () => 'this commit',
  run: (input) => ours(input, {}),
};

export const NO_SHARING: Contestant = {
  id: 'ours-no-sharing',
  description: 'inform-score with share: false',
  version: () => 'this commit',
  run: (input) => ours(input, { share: false }),
};

export const LLAMA_BENCH: Contestant = {
  id: 'llama-bench',
  description: '`llama-bench -p 512 -n 0 -ub 512 -fa 1`: flash attention on, as ours',
  version: () => llamaCppProgram('llama-bench') && llamaCppVersion(),
  run: (input) => llamaBench(required(llamaCppProgram('llama-bench')), input.model.path, input),
};

export const IK_LLAMA_BENCH: Contestant = {
  id: 'ik-llama-bench',
  description:
    "ik_llama.cpp's `llama-bench -p 512 -n 0 -ub 512 -fa 1 -rtr 1`: weights laid out anew when they are loaded",
  version: () => ikLlamaBench()?.commit,
  // It refuses a file with tensors that it does not know.
  run: (input) => llamaBench(required(ikLlamaBench()?.file), input.model.backbonePath, input, ['-rtr', '1']),
};

export const LLAMA_EMBEDDING: Contestant = {
  id: 'llama-embedding',
  description: `\`llama-embedding --pooling last -c ${EMBEDDING_BATCH} -b ${EMBEDDING_BATCH} -ub ${EMBEDDING_BATCH} -fa on\`, from its first batch to its last`,
  version: () => llamaCppProgram('llama-embedding') && llamaCppVersion(),
  run: llamaEmbedding,
};

export const NODE_LLAMA_CPP: Contestant = {
  id: 'node-llama-cpp',
  description: "node-llama-cpp's embedding context, its prebuilt CPU binary, flash attention on, token ids as input",
  version: () => nodeLlamaCppFolder() && pinnedNodeLlamaCpp(),
  run: nodeLlamaCpp,
};

export const TRANSFORMERS_F32 = transformers('float32');
export const TRANSFORMERS_BF16 = transformers('bfloat16');

export const CONTESTANTS: readonly Contestant[] = [
  OURS,
  NO_SHARING,
  LLAMA_BENCH,
  IK_LLAMA_BENCH,
  LLAMA_EMBEDDING,
  NODE_LLAMA_CPP,
  TRANSFORMERS_F32,
  TRANSFORMERS_BF16,
];

/** Runs our own engine, on the CPU as all the others do. */
export function ours(
  { model, datasetFile, threads }: TrialInput,
  options: Record<string, unknown>,
): Promise<TrialResult> {
  const order: TrialOrder = { model: model.path, dataset: datasetFile, options: { threads, gpuLayers: 0, ...options } };
  const script = fileURLToPath(new URL('../trials/ours.js', import.meta.url));
  return runTrial(process.execPath, [script, JSON.stringify(order)]);
}

/** Evaluates random tokens, as many sequences of 512 as the data set has. It warms up with one. */
async function llamaBench(
  program: string,
  file: string,
  { dataset, threads }: TrialInput,
  more: readonly string[] = [],
): Promise<TrialResult> {
  const { stdout, cpuSeconds, othersShare } = await runChild(program, [
    ...['-m', file, '-p', '512', '-n', '0', '-ub', '512', '-fa', '1', '-o', 'json', ...more],
    ...['-t', String(threads), '-r', String(dataset.tokens.length)],
  ]);
  const [test] = JSON.parse(stdout) as { n_prompt: number; samples_ns: number[] }[];
  if (!test) throw new Error('llama-bench printed no result');
  const seconds = test.samples_ns.reduce((sum, ns) => sum + ns, 0) / 1e9;
  return { seconds, tokens: test.n_prompt * test.samples_ns.length, cpuSeconds, othersShare };
}

/** Text that occurs in no sample. */
const SEPARATOR = '<#inform-bench#>';
const BOS = '<|begin_of_text|>';

async function llamaEmbedding({ model, dataset, folder, threads }: TrialInput): Promise<TrialResult> {
  const prompts = path.join(folder, 'llama-embedding.txt');
  // It adds a BOS of its own.
  writeFileSync(
    prompts,
    dataset.texts.map((text) => text.slice(text.startsWith(BOS) ? BOS.length : 0)).join(SEPARATOR),
  );
  const batch = String(EMBEDDING_BATCH);
  const { stdout, stderr, cpuSeconds, othersShare } = await runChild(required(llamaCppProgram('llama-embedding')), [
    ...['-m', model.path, '-f', prompts, '--no-escape', '--embd-separator', SEPARATOR],
    ...['--pooling', 'last', '--embd-output-format', 'raw', '--embd-normalize', '-1'],
    ...['-c', batch, '-b', batch, '-ub', batch, '-fa', 'on', '-t', String(threads), '--verbosity', '4'],
  ]);
  return { ...embeddingTimes(`${stdout}${stderr}`), cpuSeconds, othersShare };
}

/**
 * From the first batch to the closing statistics, by the log's clock (minutes.seconds.milliseconds.microseconds): its own
 * evaluation times stay near zero, because they end before the embeddings are fetched. That takes in the printing of the
 * embeddings, which is well below a hundredth of it.
 */
function embeddingTimes(output: string): Trial {
  const batches = [...output.matchAll(/^([\d.]+) I batch_decode: n_tokens = (\d+)/gm)];
  const [, end] = /^([\d.]+) I llama_perf_context_print: +load time/m.exec(output) ?? [];
  const start = batches[0]?.[1];
  if (start === undefined || end === undefined) throw new Error(`llama-embedding printed no times:\n${output}`);
  const tokens = batches.reduce((sum, [, , count]) => sum + Number(count), 0);
  return { seconds: secondsOf(end) - secondsOf(start), tokens };
}

function secondsOf(stamp: string): number {
  const [minutes = 0, seconds = 0, milliseconds = 0, microseconds = 0] = stamp.split('.').map(Number);
  return 60 * minutes + seconds + milliseconds / 1e3 + microseconds / 1e6;
}

function nodeLlamaCpp({ model, datasetFile, threads }: TrialInput): Promise<TrialResult> {
  return runTrial(process.execPath, [
    peerFile('node-llama-cpp.mjs'),
    required(nodeLlamaCppFolder()),
    // Its llama.cpp refuses a file with tensors that it does not know.
    model.backbonePath,
    datasetFile,
    String(threads),
  ]);
}

function transformers(type: 'float32' | 'bfloat16'): Contestant {
  return {
    id: `transformers-${type}`,
    description: `transformers in ${type}, padded batches of 32, random weights of the same geometry`,
    version: transformersVersion,
    run: ({ model, datasetFile, threads }) =>
      runTrial(required(pythonWithTransformers()), [
        peerFile('transformers_batches.py'),
        JSON.stringify(model.geometry),
        datasetFile,
        String(threads),
        type,
      ]),
  };
}

async function runTrial(command: string, args: readonly string[]): Promise<TrialResult> {
  const { stdout, cpuSeconds, othersShare } = await runChild(command, args);
  return { ...lastJsonLine(stdout), cpuSeconds, othersShare };
}

/** Throws unless the contestant ran exactly the data set's tokens. */
export function checkTokens(contestant: Contestant, dataset: Dataset, { tokens }: Trial): void {
  const expected = tokenCount(dataset);
  if (tokens !== expected)
    throw new Error(`${contestant.id} ran ${tokens} tokens of ${dataset.name}, not ${expected}.`);
}

function llamaCppVersion(): string {
  return `llama.cpp out of node-llama-cpp ${pinnedNodeLlamaCpp()}, patched and built as ours`;
}

let foundTransformers: string | undefined;

function transformersVersion(): string | undefined {
  const python = pythonWithTransformers();
  if (python === undefined) return undefined;
  const script =
    'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)';
  foundTransformers ??= execFileSync(python, ['-c', script], { encoding: 'utf8' }).trim();
  return foundTransformers;
}

function required(found: string | undefined): string {
  if (found === undefined) throw new Error('The contestant is not installed. Run `npm run bench -- install-peers`.');
  return found;
}
