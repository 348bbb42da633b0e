import { createRequire } from 'node:module';
import path from 'node:path';
import type { Device } from './device.js';
import { findUserBackendFolder } from './backend-folder.js';
import { addonPlaces } from './find-addon.js';
import { explainLoadFailure, surroundings, type LoadAttempt } from './load-failure.js';
import { untrustedModules } from './module-record.js';
import { InformError, messageOf } from '../errors.js';
import { firstLine } from '../util/format.js';

// The only file that loads the addon. What it declares is what native/binding defines, nothing more.

/** How large a model is. */
export interface ModelSizes {
  /** llama.cpp's one-line description, "llama 8B Q4_K - Medium". */
  description: string;
  /** Size in bytes of all tensors that llama.cpp loaded. */
  sizeBytes: number;
  parameters: number;
  vocabularySize: number;
  hiddenSize: number;
  /** Width of the head's hidden layer, 0 for a one-layer head. */
  headHiddenSize: number;
  /** Tokens of context the model was trained on. */
  trainedContext: number;
}

export interface NativeModelInfo extends ModelSizes {
  /** The model's Jinja chat template, '' where it has none. */
  chatTemplate: string;
  /** Texts of all control tokens. */
  specialTokens: string[];
}

export interface NativeModel {
  info(): NativeModelInfo;
  tokenize(texts: string[], parseSpecial: boolean): Promise<Int32Array[]>;
  close(): Promise<void>;
}

/** What products on the CPU round activations to: ggml by llama.cpp's kernels, the others by ours (native/engine/runtime/activations.h). */
export type Activations = 'ggml' | 'int8' | 'int16' | 'bf16x2' | 'f32';

export interface NativeScorerOptions {
  contextTokens: number;
  maxSequences: number;
  microBatch: number;
  threads: number;
  flashAttention: boolean;
  f32Kv: boolean;
  deterministic: boolean;
  /** Whether products with streamed weights are computed on a GPU. */
  opOffload: boolean;
  /** What products on the CPU round activations to. */
  activations: Activations;
}

/** Where weights lie; native/engine/scoring/placement.h says what each of them means. */
export interface NativePlacement {
  /** GPUs by name; none: the CPU does everything. */
  devices: string[];
  /** Each device's share of the layers; none: by free memory. */
  shares: number[];
  splitMode: 'layer' | 'row' | 'none';
  /** As llama.cpp counts: the output is a layer too, a negative number is all of them. */
  gpuLayers: number;
  /** Names of the tensors that stay in host memory and are computed with on the first GPU, a regular expression; '' for none. */
  streamedTensors: string;
  pinned: boolean;
  /** A copy of the CPU's weights in the order of its fastest kernels; else they stay in the mapped file. */
  repacked: boolean;
}

/** Bytes. */
export interface NativeComputeBuffers {
  /** In the placement's order. */
  devices: number[];
  host: number;
}

/** Sequences, front-coded: sequence i is the first `shared[i]` tokens of sequence i - 1, then `tails[i]` of `tokens`. */
export interface NativeBatch {
  tokens: Int32Array;
  shared: Int32Array;
  tails: Int32Array;
  /** Whether the first sequence may use what the batch before left in the cache. */
  reuse: boolean;
}

export interface NativeEvaluation {
  /** One per sequence, NaN if not finite. */
  rewards: Float32Array;
  computedTokens: number;
  seconds: number;
  /** Of `seconds`, what the score head took. */
  headSeconds: number;
}

export interface NativeScorer {
  /** One job at a time, in the order of the calls; the others wait. Where GPUs compute, a job's head runs beside the next job. */
  score(id: number, batch: NativeBatch): Promise<NativeEvaluation>;
  /** Ends the job of that id. */
  cancel(id: number): void;
  close(): Promise<void>;
}

/** What an adapter adds to a matrix: `scale` times B A, of `rank` columns and rows. */
export interface NativeLowRank {
  /** A safetensors file. */
  source: string;
  aOffset: number;
  aType: number;
  bOffset: number;
  bType: number;
  rank: number;
  scale: number;
}

/** One tensor on its way from a checkpoint's shard into a GGUF file. Types are ggml's ids; offsets are in bytes. */
export interface EncodeJob {
  /** The checkpoint's, for messages. */
  name: string;
  source: string;
  sourceOffset: number;
  sourceType: number;
  /** A file that exists. */
  target: string;
  targetOffset: number;
  targetType: number;
  rows: number;
  columns: number;
  /** Rows of one attention head of q or k, which are interleaved; 0: rows stay in order. */
  headRows: number;
  /** Added to every value; 0 for nearly all tensors. */
  addend: number;
  /** Undefined for all tensors that no adapter changes. */
  lowRank?: NativeLowRank | undefined;
}

export interface TaskHandle {
  /** 0..1 */
  readonly progress: number;
  cancel(): void;
}

export interface NativeDevice extends Device {
  /** Whether contexts in several threads may hand intermediate results from it to another device at the same time. */
  concurrentTransfers: boolean;
}

/** One GPU backend of ggml that lies in a backend folder as a module, and what became of it. */
interface NativeBackend {
  /** "cuda" of libggml-cuda.so. */
  name: string;
  file: string;
  loaded: boolean;
  /** That it offers. */
  devices: number;
  /** What the loader or the backend said where there is no device, in its words; may be ''. */
  reason: string;
  /** Shared libraries that it needs and that the loader does not find; Linux only. */
  missing: string[];
}

export interface NativeQuantizeOptions {
  /** A GGUF file, or the first shard of a split one. */
  input: string;
  /** Created or overwritten; not touched by a dry run. */
  output: string;
  /** Enum llama_ftype. */
  fileType: number;
  threads: number;
  /** Only log what would be done, with the sizes. */
  dryRun: boolean;
  /** One value per column of each tensor. */
  importance: { tensor: string; values: Float32Array }[];
  /** Set in the output; keys and texts of at most 127 bytes, numbers as uint32. */
  metadata: Record<string, string | number>;
  backendDir: string;
}

interface LogLine {
  /** ggml's levels: 1 debug, 2 info, 3 warning, 4 error. */
  level: number;
  text: string;
}

/**
 * A micro-batch of attention: cells of other samples, then a prompt's that all tokens see, then the tokens' own, whose sequences
 * share them evenly.
 */
export interface AttentionShape {
  /** Numbers of a head. */
  length: number;
  heads: number;
  kvHeads: number;
  unseen: number;
  prompt: number;
  tokens: number;
  sequences: number;
}

export interface NativeAddon {
  TaskHandle: new () => TaskHandle;
  loadModel(
    options: { path: string; headPath: string; pre: string; placement: NativePlacement; backendDir: string },
    handle: TaskHandle,
  ): Promise<NativeModel>;
  /** The compute buffers that each of these scorers would get; nothing is allocated. */
  measureCompute(options: {
    path: string;
    placement: NativePlacement;
    scorers: NativeScorerOptions[];
    backendDir: string;
  }): Promise<NativeComputeBuffers[]>;
  /** Floating-point operations a second in products with weights of a type (ggml's id), as a device holds them. */
  measureProduct(options: {
    device: string;
    type: number;
    threads: number;
    repacked: boolean;
    activations: Activations;
    backendDir: string;
  }): Promise<number>;
  /** Floating-point operations a second of a micro-batch's attention on the CPU. */
  measureAttention(
    options: AttentionShape & { threads: number; activations: Activations; backendDir: string },
  ): Promise<number>;
  /** Bytes a second from pinned host memory to a device; 0 where it has none, as a CPU. */
  measureUpload(options: { device: string; backendDir: string }): Promise<number>;
  /** Bytes a second from the disk of a file, past the page cache; 0 where there is no way past it. */
  measureDisk(path: string): Promise<number>;
  encodeTensors(jobs: EncodeJob[], threads: number, handle: TaskHandle): Promise<void>;
  /** `maxJobs`: how many may run or wait at once. */
  createScorer(model: NativeModel, options: NativeScorerOptions, maxJobs: number): Promise<NativeScorer>;
  /** Cannot be stopped, and llama.cpp aborts the process on some damaged input: for a process of its own. */
  quantize(options: NativeQuantizeOptions): Promise<void>;
  /** Whether this process now holds the lock of an open file; it goes with the descriptor, and so with the process. */
  lockFile(fd: number): 'locked' | 'held' | 'unsupported';
  devices(backendDir: string): Promise<NativeDevice[]>;
  backends(backendDir: string): Promise<NativeBackend[]>;
  /** A folder with further backend modules. Without effect once a backend was loaded in this process. */
  addBackendFolder(folder: string): void;
  /** Whether the system's loader finds a shared library, by name or path. */
  opensLibrary(name: string): boolean;
  drainLog(): LogLine[];
  cancelAll(): void;
  llamaVersion(): string;
}

export interface LoadedAddon {
  addon: NativeAddon;
  /**
   * The folder of the addon, where llama.cpp's backends lie too. Code that loads backends asks for it first, which makes the
   * user's own modules known to the engine; their hashes are not computed where none is loaded.
   */
  readonly backendDir: string;
}

let loaded: LoadedAddon | undefined;

/** The error where no addon loads; it holds what each place said. */
export class AddonNotFoundError extends InformError {
  constructor(
    readonly attempts: readonly LoadAttempt[],
    cause: unknown,
  ) {
    super('INFORM_BINARY_NOT_FOUND', explainLoadFailure(attempts, surroundings()), { cause });
  }
}

/** Loads the addon on first use, from the first place that has one which loads. Throws INFORM_BINARY_NOT_FOUND. */
export function loadAddon(): LoadedAddon {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  const attempts: LoadAttempt[] = [];
  const causes: unknown[] = [];
  for (const { what, addon } of addonPlaces()) {
    if ('reason' in addon) {
      attempts.push({ what, reason: addon.reason });
      continue;
    }
    try {
      loaded = loadedFrom(addon.file, require(addon.file) as NativeAddon);
      return loaded;
    } catch (error) {
      attempts.push({ what, reason: firstLine(messageOf(error)) });
      causes.push(error);
    }
  }
  throw new AddonNotFoundError(attempts, causes[0]);
}

function loadedFrom(file: string, addon: NativeAddon): LoadedAddon {
  // process.exit() waits for running native work, and a batch can take minutes: tell it to stop.
  process.once('exit', () => {
    addon.cancelAll();
  });
  let hasUserModules = false;
  return {
    addon,
    get backendDir() {
      if (!hasUserModules) addUserModules(addon);
      hasUserModules = true;
      return path.dirname(file);
    },
  };
}

function addUserModules(addon: NativeAddon): void {
  const folder = findUserBackendFolder();
  if (folder === undefined) return;
  if (folder.isNamed || untrustedModules(folder.path).length === 0) addon.addBackendFolder(folder.path);
}
