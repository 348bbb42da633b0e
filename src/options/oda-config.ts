import path from 'node:path';
import { InformError } from '../errors.js';
import { checkOption } from './check.js';
import type { PartialOptions } from './merge.js';
import { OPTIONS, snakeCase } from './table.js';

// The configuration of OpenDataArena's DataScorer, model_based/main.py; docs/from-oda.md goes through it key by key.

/** A scorer of the configuration as a run of ours. */
interface OdaRun {
  name: string;
  options: PartialOptions;
  /** Whether the configuration says that nothing is to be resumed. */
  restart: boolean;
}

export interface OdaConfig {
  runs: OdaRun[];
  /** The file with the scores of all scorers. */
  pointwise: string;
  /** What it means here, and what of it cannot be, a line each. */
  notes: string[];
}

/** Scorers that are reward models read as ours are, and the models that they have without one being named. */
const SCORERS: Readonly<Record<string, string | undefined>> = {
  InfOrmScorer: 'infly/INF-ORM-Llama3.1-70B',
  SkyworkLlamaScorer: undefined,
  SkyworkQwenScorer: undefined,
};

const KEYS = ['input_path', 'output_path', 'num_gpu', 'num_gpu_per_job', 'resume', 'data_with_id', 'scorers'];
const SCORER_KEYS = ['name', 'model', 'batch_size', 'max_length', 'num_gpu_per_job', 'resume', 'sub_name'];

/** Their scorers read these fields and no others. */
const MAP = ['instruction=instruction', 'input=input', 'output=output'];

type Fields = Readonly<Record<string, unknown>>;

/** Whether a configuration is one of that toolkit. */
export function isOdaConfig(document: unknown): document is Fields {
  return typeof document === 'object' && document !== null && 'scorers' in document && 'input_path' in document;
}

/**
 * What such a configuration says.
 *
 * @param file its path, for messages
 * @throws InformError INFORM_INVALID_CONFIG
 */
export function parseOdaConfig(document: Fields, file: string): OdaConfig {
  const input = textOf(document['input_path'], `input_path in ${file}`);
  const folder = textOf(document['output_path'], `output_path in ${file}`);
  const { scorers } = document;
  if (!Array.isArray(scorers)) throw invalid(`scorers in ${file} must be a list.`);
  const notes = strangers(document, KEYS).map((key) => `${file}: "${key}" is not known here and left out.`);
  if (document['num_gpu'] !== undefined) {
    notes.push(
      `${file}: num_gpu and num_gpu_per_job are left out: one process uses all cards that it sees; choose them with --devices.`,
    );
  }
  const runs: OdaRun[] = [];
  for (const entry of scorers as unknown[]) {
    if (typeof entry !== 'object' || entry === null)
      throw invalid(`scorers in ${file} must be a list of scorers with a name.`);
    const scorer = entry as Fields;
    const name = textOf(scorer['name'], `name of a scorer in ${file}`);
    if (!Object.hasOwn(SCORERS, name)) {
      notes.push(`${file}: ${name} is skipped: only ${Object.keys(SCORERS).join(', ')} are scored here.`);
      continue;
    }
    if (runs.some((run) => run.name === name))
      throw invalid(`${file} names ${name} twice; its results would be one file.`);
    for (const key of strangers(scorer, SCORER_KEYS))
      notes.push(`${file}: "${key}" of ${name} is not known here and left out.`);
    const output = path.join(folder, 'master_temp', `scorer_${name}`, `${name}.jsonl`);
    const resume = scorer['resume'] ?? document['resume'];
    runs.push({
      name,
      restart: resume === false,
      options: { ...optionsOf(scorer, name, file), name, input: [input], output, map: MAP },
    });
  }
  if (runs.length === 0)
    throw invalid(`${file} names no scorer that is scored here. Those are ${Object.keys(SCORERS).join(', ')}.`);
  notes.push(
    `${file}: the toolkit computes in bfloat16; here a model is converted to --type, by its size unless you name one (bf16 is nearest).`,
  );
  return { runs, pointwise: path.join(folder, 'pointwise_scores.jsonl'), notes };
}

function optionsOf(scorer: Fields, name: string, file: string): PartialOptions {
  const options: PartialOptions = { model: SCORERS[name] };
  for (const spec of OPTIONS.filter(({ key }) => ['model', 'batchSize', 'maxLength'].includes(key))) {
    const value = scorer[snakeCase(spec.key)];
    if (value !== undefined && value !== null) {
      options[spec.key] = checkOption(spec, value, `${snakeCase(spec.key)} of ${name} in ${file}`);
    }
  }
  if (options.model === undefined)
    throw invalid(`${name} in ${file} names no model. Add model: a folder, or a Hugging Face id.`);
  return options;
}

function strangers(fields: Fields, known: readonly string[]): string[] {
  return Object.keys(fields).filter((key) => !known.includes(key));
}

function textOf(value: unknown, label: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`${label} must be a text.`);
}

function invalid(message: string): InformError {
  return new InformError('INFORM_INVALID_CONFIG', message);
}
