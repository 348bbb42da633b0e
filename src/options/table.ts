import { inspect } from 'node:util';
import { CONVERSION_TYPES, type ConversionType } from '../convert/tensor-types.js';
import { InformError } from '../errors.js';

/**
 * The one table of options. It drives the YAML keys (snake_case), the CLI flags (kebab-case), the API's properties
 * (camelCase), their checks, their defaults and their help texts.
 */

/** Options of `RewardModel.load`; all optional, with the defaults that `OPTIONS` states. */
export interface ModelOptions {
  type: ConversionType;
  batchSize: number;
  maxLength: number;
  scoreHead: string | undefined;
  gpuLayers: number | 'auto';
  streamWeights: 'auto' | 'always' | 'never';
  devices: readonly string[] | undefined;
  splitMode: 'layer' | 'row' | 'none';
  tensorSplit: readonly number[] | undefined;
  contextTokens: number | 'auto';
  batchTokens: number | 'auto';
  microBatch: number | 'auto';
  window: number;
  share: boolean;
  deterministic: boolean;
  threads: number | 'auto';
  flashAttention: boolean;
  kvType: 'f16' | 'f32';
  chatTemplate: string | undefined;
  specialTokens: 'parse' | 'literal';
}

/** Everything a configuration file can say: the model's options and those of a run over files. */
export interface RunOptions extends ModelOptions {
  name: string;
  model: string | undefined;
  input: string[];
  output: string | undefined;
  onError: 'reject' | 'stop';
  maxLineBytes: number;
}

export type OptionKind =
  | { type: 'string' }
  | { type: 'strings' }
  | { type: 'names' }
  | { type: 'shares' }
  | { type: 'boolean' }
  | { type: 'choice'; choices: readonly string[] }
  | { type: 'integer'; min: number; max: number; auto?: boolean };

export interface OptionSpec {
  /** camelCase, as in the API. */
  key: keyof RunOptions;
  kind: OptionKind;
  fallback: string | number | boolean | readonly string[] | undefined;
  help: string;
  /** One-letter CLI flag. */
  alias?: string;
  /** Whether the option belongs to a model (and so to the API) or to a run over files. */
  scope: 'model' | 'run';
}

const MAX_INT32 = 2 ** 31 - 1;

/** V8 holds no string of 2^29 characters, and a line is one before it is a sample. */
const MAX_LINE_BYTES = 512_000_000;

export const OPTIONS: readonly OptionSpec[] = [
  {
    key: 'name',
    scope: 'run',
    kind: { type: 'string' },
    fallback: 'InfOrmScorer',
    help: 'a name for the run, written to its log',
  },
  {
    key: 'model',
    scope: 'run',
    kind: { type: 'string' },
    fallback: undefined,
    alias: 'm',
    help: 'what to score with: a .gguf, a checkpoint folder, a Hugging Face id, or "demo" for the embedded model',
  },
  {
    key: 'type',
    scope: 'model',
    kind: { type: 'choice', choices: CONVERSION_TYPES },
    fallback: 'q4_k_m',
    help: 'what a checkpoint folder or a Hugging Face model is converted to, or which of its GGUF files is taken',
  },
  {
    key: 'batchSize',
    scope: 'model',
    kind: { type: 'integer', min: 1, max: 256 },
    fallback: 32,
    help: 'samples evaluated in parallel',
  },
  {
    key: 'maxLength',
    scope: 'model',
    kind: { type: 'integer', min: 1, max: MAX_INT32 },
    fallback: 4096,
    help: 'longest sequence in tokens; longer ones are truncated on the right, with a warning',
  },
  {
    key: 'input',
    scope: 'run',
    kind: { type: 'strings' },
    fallback: [],
    help: 'files of samples, JSON Lines or a JSON array; "-" is standard input',
  },
  {
    key: 'output',
    scope: 'run',
    kind: { type: 'string' },
    fallback: undefined,
    alias: 'o',
    help: 'file for the scores; without it they go to standard output',
  },
  {
    key: 'onError',
    scope: 'run',
    kind: { type: 'choice', choices: ['reject', 'stop'] },
    fallback: 'reject',
    help: 'what a bad sample does: be reported while the run goes on, or stop it',
  },
  {
    key: 'maxLineBytes',
    scope: 'run',
    kind: { type: 'integer', min: 1, max: MAX_LINE_BYTES },
    fallback: 64 * 2 ** 20,
    help: 'longest line, or element of a JSON array, in bytes; a longer one is skipped and rejected',
  },
  {
    key: 'scoreHead',
    scope: 'model',
    kind: { type: 'string' },
    fallback: undefined,
    help: 'a GGUF or a checkpoint folder with the score head, for a model file that has none',
  },
  {
    key: 'chatTemplate',
    scope: 'model',
    kind: { type: 'string' },
    fallback: undefined,
    help: "a Jinja file to use in place of the model's own chat template",
  },
  {
    key: 'specialTokens',
    scope: 'model',
    kind: { type: 'choice', choices: ['parse', 'literal'] },
    fallback: 'parse',
    help: 'what the text of a special token in a sample becomes: that token (as the reference does), or plain text',
  },
  {
    key: 'contextTokens',
    scope: 'model',
    kind: { type: 'integer', min: 1, max: MAX_INT32, auto: true },
    fallback: 'auto',
    help: 'KV cache size: the most tokens of one batch, all samples together',
  },
  {
    key: 'batchTokens',
    scope: 'model',
    kind: { type: 'integer', min: 1, max: MAX_INT32, auto: true },
    fallback: 'auto',
    help: 'tokens computed in one batch; auto is micro_batch, with a GPU 2048 if that is more',
  },
  {
    key: 'microBatch',
    scope: 'model',
    kind: { type: 'integer', min: 1, max: 65536, auto: true },
    fallback: 'auto',
    help: 'tokens that go through the layers at once; auto is 512 on the CPU and what the plan says on a GPU',
  },
  {
    key: 'window',
    scope: 'model',
    kind: { type: 'integer', min: 1, max: 65536 },
    fallback: 1024,
    help: 'samples read ahead to bring those with a common prefix together',
  },
  {
    key: 'share',
    scope: 'model',
    kind: { type: 'boolean' },
    fallback: true,
    help: 'compute a prefix that samples share once',
  },
  {
    key: 'deterministic',
    scope: 'model',
    kind: { type: 'boolean' },
    fallback: false,
    help: 'scores that do not depend, to the last bit, on the other samples; slower',
  },
  {
    key: 'threads',
    scope: 'model',
    kind: { type: 'integer', min: 1, max: 1024, auto: true },
    fallback: 'auto',
    help: 'CPU threads; auto is one per physical core',
  },
  {
    key: 'gpuLayers',
    scope: 'model',
    kind: { type: 'integer', min: 0, max: 10_000, auto: true },
    fallback: 'auto',
    help: 'layers whose weights lie on a GPU, the last ones; auto is as many as fit, 0 is the CPU alone',
  },
  {
    key: 'streamWeights',
    scope: 'model',
    kind: { type: 'choice', choices: ['auto', 'always', 'never'] },
    fallback: 'auto',
    help: 'compute the other layers on the GPU too, copying their weights for each micro-batch; auto is unless gpu_layers is 0',
  },
  {
    key: 'devices',
    scope: 'model',
    kind: { type: 'names' },
    fallback: undefined,
    help: 'GPUs to use, as "inform-score devices" names them; without it all of them',
  },
  {
    key: 'splitMode',
    scope: 'model',
    kind: { type: 'choice', choices: ['layer', 'row', 'none'] },
    fallback: 'layer',
    help: 'how several GPUs share a model: each has some layers, each has some rows of every matrix, or one has all',
  },
  {
    key: 'tensorSplit',
    scope: 'model',
    kind: { type: 'shares' },
    fallback: undefined,
    help: 'the share of the layers of each GPU, such as 3,1; without it as they fit',
  },
  {
    key: 'flashAttention',
    scope: 'model',
    kind: { type: 'boolean' },
    fallback: true,
    help: 'fused attention: faster, rounds differently',
  },
  {
    key: 'kvType',
    scope: 'model',
    kind: { type: 'choice', choices: ['f16', 'f32'] },
    fallback: 'f16',
    help: 'precision of the KV cache',
  },
];

export function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** "an integer from 1 to 256", for messages and help. */
export function describeKind(kind: OptionKind): string {
  switch (kind.type) {
    case 'string':
      return 'a string';
    case 'strings':
      return 'a string or a list of strings';
    case 'names':
      return 'names with commas between them, or a list of names';
    case 'shares':
      return 'numbers with commas between them, or a list of numbers, none negative and not all 0';
    case 'boolean':
      return 'true or false';
    case 'choice':
      return kind.choices.map((choice) => `"${choice}"`).join(' or ');
    case 'integer': {
      const range =
        kind.max === MAX_INT32 ? `an integer of at least ${kind.min}` : `an integer from ${kind.min} to ${kind.max}`;
      return kind.auto ? `"auto" or ${range}` : range;
    }
  }
}

/**
 * Checks one value and returns it in its final form.
 * @param label how the user knows the option: `batch_size in config.yaml`, `--batch-size`, `batchSize`.
 * Throws INFORM_INVALID_CONFIG naming the option, the value and what was expected.
 */
export function checkOption(spec: OptionSpec, value: unknown, label: string): unknown {
  const { kind } = spec;
  switch (kind.type) {
    case 'string':
      if (typeof value === 'string' && value !== '') return value;
      break;
    case 'strings':
      if (typeof value === 'string' && value !== '') return [value];
      if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return value;
      break;
    case 'names': {
      const names = partsOf(value);
      if (names?.every((name) => typeof name === 'string' && name !== '')) return names;
      break;
    }
    case 'shares': {
      const shares = partsOf(value)?.map((part) => (typeof part === 'string' && part !== '' ? Number(part) : part));
      if (shares?.every(isShare) && shares.some((share) => share > 0)) return shares;
      break;
    }
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'choice':
      if (typeof value === 'string' && kind.choices.includes(value)) return value;
      break;
    case 'integer':
      if (kind.auto && value === 'auto') return value;
      if (typeof value === 'number' && Number.isInteger(value) && value >= kind.min && value <= kind.max) return value;
      break;
  }
  throw new InformError('INFORM_INVALID_CONFIG', `${label} must be ${describeKind(kind)}, but is ${show(value)}.`);
}

/** The parts of a list, or of a text with commas; undefined for anything else and for none. */
function partsOf(value: unknown): unknown[] | undefined {
  const parts = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
  return Array.isArray(parts) && parts.length > 0 ? parts : undefined;
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

const MODEL_SPECS = OPTIONS.filter((spec) => spec.scope === 'model');

/** Every option at its default. */
export function defaultOptions(): RunOptions {
  return Object.fromEntries(OPTIONS.map(({ key, fallback }) => [key, fallback])) as unknown as RunOptions;
}

/** Those of a run's options that belong to its model. */
export function modelOptionsOf(options: RunOptions): ModelOptions {
  return Object.fromEntries(MODEL_SPECS.map(({ key }) => [key, options[key]])) as unknown as ModelOptions;
}

/**
 * The API's options, checked, over the defaults.
 * Throws INFORM_INVALID_CONFIG, for an unknown key too.
 */
export function resolveModelOptions(given: Readonly<Record<string, unknown>>): ModelOptions {
  const known = MODEL_SPECS.map((spec) => spec.key);
  const checked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const spec = MODEL_SPECS.find((candidate) => candidate.key === key);
    if (!spec) throw unknownKey(key, known, 'option');
    checked[key] = checkOption(spec, value, key);
  }
  return { ...modelOptionsOf(defaultOptions()), ...checked };
}

/** The error for a key that does not exist, with the nearest one that does. */
export function unknownKey(key: string, known: readonly string[], what: string): InformError {
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(key, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint =
    nearest && nearest.distance <= Math.max(2, key.length / 3) ? ` Did you mean "${nearest.candidate}"?` : '';
  return new InformError('INFORM_INVALID_CONFIG', `unknown ${what} "${key}".${hint} Known are: ${known.join(', ')}.`);
}

/** Any value at all, in one line: JSON has no word for infinity, big integers and loops. */
function show(value: unknown): string {
  const kind = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return `${shorten(text)} (${kind})`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
