import { WANTED_TYPES } from '../gguf/model-types.js';

/**
 * The one table of options. It drives the YAML keys (snake_case), the CLI flags (kebab-case), the API's properties
 * (camelCase), their types, checks, defaults and help texts, the flags of `plan`, and what the journal compares.
 */

export type OptionKind =
  | { readonly type: 'string' }
  | { readonly type: 'strings' }
  | { readonly type: 'names' }
  | { readonly type: 'map' }
  | { readonly type: 'shares' }
  | { readonly type: 'boolean' }
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  | { readonly type: 'integer'; readonly min: number; readonly max: number; readonly auto?: true };

/**
 * What another value of an option changes, which decides when an unfinished run may go on with it:
 *
 * - `score`: what a score is, or which rows have one. Such runs never share a journal.
 * - `content`: it names a file, whose content is compared instead of its name.
 * - `rounding`: the last bits of every score. Compared where a run is deterministic.
 * - `speed`: how samples are batched, which rounds differently too, but not where a run is deterministic.
 * - `none`: nothing about scores.
 */
export type Affects = 'score' | 'content' | 'rounding' | 'speed' | 'none';

export type OptionGroup = 'data' | 'model' | 'speed' | 'gpu' | 'run';

/** A row of the table. */
export interface OptionRow {
  /** Name in camelCase, as in the API. */
  readonly key: string;
  /** Whether the option belongs to a model (and so to the API) or to a run over files. */
  readonly scope: 'model' | 'run';
  readonly affects: Affects;
  /** Whether it changes where `inform-score plan` puts a model. */
  readonly inPlan?: true;
  readonly kind: OptionKind;
  readonly fallback: string | number | boolean | readonly string[] | undefined;
  readonly help: string;
  /** Where the help texts list it. */
  readonly group: OptionGroup;
  /** Whether the short help has it, too. */
  readonly usual?: true;
  /** What stands for its value in the help, where its kind does not say it well. */
  readonly value?: string;
  /** One-letter CLI flag. */
  readonly alias?: string;
}

/** The largest 32-bit integer, which stands for "no limit of ours". */
export const MAX_INT32 = 2 ** 31 - 1;

/** Bytes of the longest line: V8 holds no string of 2^29 characters, and a line is one before it is a sample. */
const MAX_LINE_BYTES = 512_000_000;

export const DEFAULT_MAX_LINE_BYTES = 64 * 2 ** 20;

export const OPTIONS = [
  {
    key: 'name',
    scope: 'run',
    group: 'run',
    affects: 'none',
    kind: { type: 'string' },
    fallback: 'InfOrmScorer',
    help: 'a name for the run, written to its log',
  },
  {
    key: 'model',
    scope: 'run',
    group: 'model',
    usual: true,
    value: 'MODEL',
    affects: 'content',
    kind: { type: 'string' },
    fallback: undefined,
    alias: 'm',
    help: 'what to score with: a .gguf, a checkpoint folder, a Hugging Face id, or "demo" for the embedded model',
  },
  {
    key: 'type',
    scope: 'model',
    group: 'model',
    usual: true,
    value: 'TYPE',
    affects: 'content',
    inPlan: true,
    kind: { type: 'choice', choices: WANTED_TYPES },
    fallback: 'auto',
    help: 'what a checkpoint folder or a Hugging Face model is converted to, or which of its GGUF files is taken; auto is bf16 below 3 billion weights, q8_0 below 40, q4_k_m above',
  },
  {
    key: 'batchSize',
    scope: 'model',
    group: 'speed',
    usual: true,
    affects: 'speed',
    inPlan: true,
    kind: { type: 'integer', min: 1, max: 256 },
    fallback: 32,
    help: 'samples evaluated in parallel',
  },
  {
    key: 'maxLength',
    scope: 'model',
    group: 'model',
    usual: true,
    affects: 'score',
    inPlan: true,
    kind: { type: 'integer', min: 1, max: MAX_INT32, auto: true },
    fallback: 'auto',
    help: 'longest sequence in tokens; longer ones are truncated, on the right unless the tokenizer says left, with a warning; auto is 4096, or what the model was trained on if that is less',
  },
  {
    key: 'input',
    scope: 'run',
    group: 'data',
    usual: true,
    value: 'FILES',
    affects: 'content',
    kind: { type: 'strings' },
    fallback: [],
    help: 'files of samples, folders, patterns or hf://datasets/…: JSON, CSV, Parquet, also .gz, .zst, .xz; "-" is standard input',
  },
  {
    key: 'map',
    scope: 'run',
    group: 'data',
    usual: true,
    affects: 'score',
    kind: { type: 'map' },
    fallback: undefined,
    help: 'where the fields of a sample stand in a row, as FIELD=PATH, such as instruction=question,output=best.text',
  },
  {
    key: 'system',
    scope: 'run',
    group: 'data',
    affects: 'score',
    kind: { type: 'string' },
    fallback: undefined,
    help: 'the system message of conversations that have none',
  },
  {
    key: 'output',
    scope: 'run',
    group: 'data',
    usual: true,
    value: 'FILE',
    affects: 'none',
    kind: { type: 'string' },
    fallback: undefined,
    alias: 'o',
    help: 'file for the scores; without it they go to standard output',
  },
  {
    key: 'join',
    scope: 'run',
    group: 'data',
    usual: true,
    affects: 'none',
    kind: { type: 'boolean' },
    fallback: false,
    help: 'write every input row as it is, with its score; a rejected one has score null and a reject_reason',
  },
  {
    key: 'format',
    scope: 'run',
    group: 'data',
    usual: true,
    value: 'FORMAT',
    affects: 'none',
    kind: { type: 'choice', choices: ['jsonl', 'csv', 'parquet', 'oda'] },
    fallback: undefined,
    help: "what the output is written as, oda is as OpenDataArena's toolkit does; without it as its name's ending says",
  },
  {
    key: 'onError',
    scope: 'run',
    group: 'run',
    usual: true,
    affects: 'none',
    kind: { type: 'choice', choices: ['reject', 'stop'] },
    fallback: 'reject',
    help: 'what a bad sample does: be reported while the run goes on, or stop it',
  },
  {
    key: 'engineTimeout',
    scope: 'run',
    group: 'run',
    value: 'SECONDS',
    affects: 'none',
    kind: { type: 'integer', min: 0, max: MAX_INT32 },
    fallback: 3600,
    help: 'seconds after which an engine that does not answer is ended and started again; 0 is never',
  },
  {
    key: 'maxLineBytes',
    scope: 'run',
    group: 'data',
    value: 'BYTES',
    affects: 'score',
    kind: { type: 'integer', min: 1, max: MAX_LINE_BYTES },
    fallback: DEFAULT_MAX_LINE_BYTES,
    help: 'longest line, or element of a JSON array, in bytes; a longer one is skipped and rejected',
  },
  {
    key: 'scoreHead',
    scope: 'model',
    group: 'model',
    value: 'FILE',
    affects: 'content',
    kind: { type: 'string' },
    fallback: undefined,
    help: 'a GGUF or a checkpoint folder with the score head, for a model file that has none',
  },
  {
    key: 'chatTemplate',
    scope: 'model',
    group: 'model',
    value: 'FILE',
    affects: 'content',
    kind: { type: 'string' },
    fallback: undefined,
    help: "a Jinja file to use in place of the model's own chat template",
  },
  {
    key: 'templateDate',
    scope: 'model',
    group: 'model',
    value: 'DATE',
    affects: 'score',
    kind: { type: 'string' },
    fallback: undefined,
    help: "the day, YYYY-MM-DD, that chat templates write which ask for today's date (default: the template's own fixed date)",
  },
  {
    key: 'pre',
    scope: 'model',
    group: 'model',
    value: 'NAME',
    affects: 'score',
    kind: { type: 'string' },
    fallback: undefined,
    help: "how the tokenizer splits words, as llama.cpp names it (llama-bpe, qwen2, …), in place of the GGUF's tokenizer.ggml.pre",
  },
  {
    key: 'specialTokens',
    scope: 'model',
    group: 'model',
    affects: 'score',
    kind: { type: 'choice', choices: ['parse', 'literal'] },
    fallback: 'parse',
    help: 'what the text of a special token in a sample becomes: that token (as the reference does), or plain text',
  },
  {
    key: 'truncationSide',
    scope: 'model',
    group: 'model',
    affects: 'score',
    kind: { type: 'choice', choices: ['auto', 'left', 'right'] },
    fallback: 'auto',
    help: 'which end of a sequence longer than max_length is cut off; auto is what the tokenizer says, else right',
  },
  {
    key: 'bos',
    scope: 'model',
    group: 'model',
    affects: 'score',
    kind: { type: 'choice', choices: ['auto', 'always'] },
    fallback: 'auto',
    help: "whether the tokenizer's BOS is put before a prompt that begins with it already, as transformers' pipelines do (always)",
  },
  {
    key: 'contextTokens',
    scope: 'model',
    group: 'speed',
    affects: 'rounding',
    inPlan: true,
    kind: { type: 'integer', min: 1, max: MAX_INT32, auto: true },
    fallback: 'auto',
    help: 'KV cache size: the most tokens of one batch, all samples together',
  },
  {
    key: 'batchTokens',
    scope: 'model',
    group: 'speed',
    affects: 'speed',
    inPlan: true,
    kind: { type: 'integer', min: 1, max: MAX_INT32, auto: true },
    fallback: 'auto',
    help: 'tokens computed in one batch; auto is micro_batch, with a GPU 2048 if that is more',
  },
  {
    key: 'microBatch',
    scope: 'model',
    group: 'speed',
    affects: 'rounding',
    inPlan: true,
    kind: { type: 'integer', min: 1, max: 65536, auto: true },
    fallback: 'auto',
    help: 'tokens that go through the layers at once; auto is 512 on the CPU and what the plan says on a GPU',
  },
  {
    key: 'window',
    scope: 'model',
    group: 'speed',
    affects: 'speed',
    kind: { type: 'integer', min: 1, max: 65536 },
    fallback: 1024,
    help: 'samples read ahead to bring those with a common prefix together',
  },
  {
    key: 'share',
    scope: 'model',
    group: 'speed',
    affects: 'speed',
    kind: { type: 'boolean' },
    fallback: true,
    help: 'compute a prefix that samples share once',
  },
  {
    key: 'deterministic',
    scope: 'model',
    group: 'model',
    usual: true,
    affects: 'score',
    inPlan: true,
    kind: { type: 'boolean' },
    fallback: false,
    help: 'scores that do not depend, to the last bit, on the other samples; slower',
  },
  {
    key: 'exact',
    scope: 'model',
    group: 'model',
    affects: 'score',
    inPlan: true,
    kind: { type: 'boolean' },
    fallback: false,
    help: 'the most exact settings: deterministic, kv_type f32, no flash_attention, activations f32 where the CPU has AVX2 or NEON; slower',
  },
  {
    key: 'threads',
    scope: 'model',
    group: 'speed',
    usual: true,
    affects: 'rounding',
    kind: { type: 'integer', min: 1, max: 1024, auto: true },
    fallback: 'auto',
    help: 'CPU threads; auto is one per physical core',
  },
  {
    key: 'gpuLayers',
    scope: 'model',
    group: 'gpu',
    usual: true,
    affects: 'rounding',
    inPlan: true,
    kind: { type: 'integer', min: 0, max: 10_000, auto: true },
    fallback: 'auto',
    help: 'layers whose weights lie on a GPU, the last ones; auto is as many as fit, 0 is the CPU alone',
  },
  {
    key: 'streamWeights',
    scope: 'model',
    group: 'gpu',
    value: 'WHEN',
    affects: 'rounding',
    inPlan: true,
    kind: { type: 'choice', choices: ['auto', 'always', 'never'] },
    fallback: 'auto',
    help: 'compute the other layers on the GPU too, copying their weights for each micro-batch; auto is unless gpu_layers is 0',
  },
  {
    key: 'devices',
    scope: 'model',
    group: 'gpu',
    usual: true,
    affects: 'rounding',
    inPlan: true,
    kind: { type: 'names' },
    fallback: undefined,
    help: 'GPUs to use, as "inform-score devices" names them; without it all of them',
  },
  {
    key: 'splitMode',
    scope: 'model',
    group: 'gpu',
    affects: 'rounding',
    inPlan: true,
    kind: { type: 'choice', choices: ['layer', 'row', 'none'] },
    fallback: 'layer',
    help: 'how several GPUs share a model: each has some layers, each has some rows of every matrix, or one has all',
  },
  {
    key: 'tensorSplit',
    scope: 'model',
    group: 'gpu',
    affects: 'rounding',
    inPlan: true,
    kind: { type: 'shares' },
    fallback: undefined,
    help: 'the share of the layers of each GPU, such as 3,1; without it as they fit',
  },
  {
    key: 'flashAttention',
    scope: 'model',
    group: 'speed',
    affects: 'score',
    inPlan: true,
    kind: { type: 'boolean' },
    fallback: true,
    help: 'use fused attention: faster, rounds differently',
  },
  {
    key: 'kvType',
    scope: 'model',
    group: 'speed',
    affects: 'score',
    inPlan: true,
    kind: { type: 'choice', choices: ['auto', 'f16', 'f32'] },
    fallback: 'auto',
    help: 'precision of the KV cache; auto is f32 where the CPU does everything with weights of 16 bits or more, else f16',
  },
  {
    key: 'activations',
    scope: 'model',
    group: 'speed',
    affects: 'score',
    inPlan: true,
    kind: { type: 'choice', choices: ['auto', 'ggml', 'int8', 'int16', 'bf16x2', 'f32'] },
    fallback: 'auto',
    help: "what the CPU rounds activations to before it multiplies weights with them: to 8 bits by llama.cpp's kernels (ggml) or by ours (int8), to 16 bits as whole numbers (int16) or as two pieces of BF16 (bf16x2, with AMX), or not at all; auto is bf16x2 where the CPU has AMX, int16 where it has AVX2 or NEON, else ggml",
  },
] as const satisfies readonly OptionRow[];

type Row = (typeof OPTIONS)[number];

type KindValue<Kind> = Kind extends { type: 'choice'; choices: readonly (infer Choice)[] }
  ? Choice
  : Kind extends { type: 'boolean' }
    ? boolean
    : Kind extends { type: 'integer'; auto: true }
      ? number | 'auto'
      : Kind extends { type: 'integer' }
        ? number
        : Kind extends { type: 'shares' }
          ? readonly number[]
          : Kind extends { type: 'string' }
            ? string
            : readonly string[];

type RowValue<R extends Row> = KindValue<R['kind']> | (R['fallback'] extends undefined ? undefined : never);

/** Everything a configuration file can say: the model's options and those of a run over files. */
export type RunOptions = { [R in Row as R['key']]: RowValue<R> };

/** A row with a key of this table. */
export type OptionSpec = OptionRow & { readonly key: keyof RunOptions };

/** The rows that belong to a model. */
export const MODEL_OPTIONS: readonly OptionSpec[] = OPTIONS.filter(({ scope }) => scope === 'model');

export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
