import { inspect } from 'node:util';
import { InformError } from '../errors.js';
import {
  MAX_INT32,
  MODEL_OPTIONS,
  OPTIONS,
  snakeCase,
  type OptionKind,
  type OptionSpec,
  type RunOptions,
} from './table.js';
import type { ModelOptions } from './model-options.js';
import { unknownKey } from './unknown-key.js';
import { didYouMean } from '../util/nearest-name.js';

/** "an integer from 1 to 256", for messages and help. */
export function describeKind(kind: OptionKind): string {
  switch (kind.type) {
    case 'string':
      return 'a string';
    case 'strings':
      return 'a string or a list of strings';
    case 'names':
      return 'names with commas between them, or a list of names';
    case 'map':
      return 'FIELD=PATH with commas between them, or FIELD: PATH lines, no field twice';
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
 *
 * @throws InformError INFORM_INVALID_CONFIG naming the option, the value and what was expected
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
    case 'map': {
      const entries = mapEntries(value);
      if (entries !== undefined) return entries;
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
      if (typeof value === 'string' && kind.choices.includes(value.toLowerCase())) return value.toLowerCase();
      break;
    case 'integer':
      if (kind.auto && value === 'auto') return value;
      if (typeof value === 'number' && Number.isInteger(value) && value >= kind.min && value <= kind.max) return value;
      break;
  }
  const hint = kind.type === 'choice' && typeof value === 'string' ? didYouMean(value, kind.choices) : '';
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `${label} must be ${describeKind(kind)}, but is ${show(value)}.${hint}`,
  );
}

/** The parts of a list, or of a text with commas; undefined for anything else and for none. */
function partsOf(value: unknown): unknown[] | undefined {
  const parts = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
  return Array.isArray(parts) && parts.length > 0 ? parts : undefined;
}

/** "field=path" each; undefined for anything else. */
function mapEntries(value: unknown): string[] | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isObject ? Object.entries(value).map(([field, path]) => `${field}=${String(path)}`) : partsOf(value);
  if (entries === undefined || entries.length === 0) return undefined;
  const fields = entries.map((entry) => (typeof entry === 'string' ? /^([^=]+)=./s.exec(entry)?.[1] : undefined));
  return fields.includes(undefined) || new Set(fields).size < fields.length ? undefined : (entries as string[]);
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Every option at its default. */
export function defaultOptions(): RunOptions {
  const options: Partial<Record<keyof RunOptions, unknown>> = {};
  for (const { key, fallback } of OPTIONS) options[key] = fallback;
  return options as RunOptions;
}

/** Those of a run's options that belong to its model. */
export function modelOptionsOf(options: RunOptions): ModelOptions {
  return Object.fromEntries(MODEL_OPTIONS.map(({ key }) => [key, options[key]])) as unknown as ModelOptions;
}

/**
 * The API's options, checked, over the defaults.
 *
 * @throws InformError INFORM_INVALID_CONFIG, for an unknown key too
 */
export function resolveModelOptions(given: Readonly<Record<string, unknown>>): ModelOptions {
  const known = MODEL_OPTIONS.map((spec) => spec.key);
  const checked: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const spec = MODEL_OPTIONS.find((candidate) => candidate.key === key);
    if (!spec) throw unknownKey(key, known, 'option');
    checked[key] = checkOption(spec, value, key);
  }
  return { ...modelOptionsOf(defaultOptions()), ...checked, ...exactSettings(checked) };
}

/** What `exact` stands for. */
const EXACT = { deterministic: true, flashAttention: false, kvType: 'f32' } as const;

/**
 * The settings that `exact` makes, where some of the options that were given ask for it.
 *
 * @throws InformError INFORM_INVALID_CONFIG where others of them contradict it
 */
export function exactSettings(given: Partial<Record<keyof RunOptions, unknown>>): Partial<typeof EXACT> {
  if (given.exact !== true) return {};
  // What the CPU cannot do is no contradiction: the engine asks it, and f32 is not made a setting of everyone's.
  for (const [key, value] of Object.entries({ ...EXACT, activations: 'f32' })) {
    const stated = given[key as keyof RunOptions];
    if (stated === undefined || stated === value || stated === 'auto') continue;
    const name = snakeCase(key);
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      `exact needs ${name} ${JSON.stringify(value)}, but ${name} is ${JSON.stringify(stated)}. Leave one of the two out.`,
    );
  }
  return EXACT;
}

/** Any value at all, in one line: JSON has no word for infinity, big integers and loops. */
function show(value: unknown): string {
  const kind = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return `${shorten(text)} (${kind})`;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
