import { hash } from 'node:crypto';
import path from 'node:path';
import type { RunOptions } from '../../options/table.js';
import { snakeCase } from '../../options/table.js';
import { readTemplate } from '../../scoring/reward-model.js';
import { formatShard, type Shard } from '../row-shard.js';
import type { FileFingerprint, Fingerprint, InputFingerprint, ModelFingerprint } from './fingerprint-types.js';
import { digestHead, digestModel } from './model-digest.js';

/** These change what a score is, or which rows have one. */
const MEANING = ['maxLength', 'maxLineBytes', 'specialTokens', 'flashAttention', 'kvType', 'deterministic'] as const;

/** These change rounding alone, so a run may go on with others (a smaller one after memory ran out), but not an exact one. */
const ROUNDING = [
  'microBatch',
  'contextTokens',
  'threads',
  'gpuLayers',
  'streamWeights',
  'devices',
  'tensorSplit',
  'splitMode',
] as const;

export interface RunParts {
  version: string;
  /** The GGUF file. */
  modelPath: string;
  options: RunOptions;
  shard: Shard | undefined;
  inputs: InputFingerprint[];
  signal?: AbortSignal | undefined;
}

/** Reads what it must of the model, its head and its template. Throws what reading those throws. */
export async function fingerprintRun(run: RunParts): Promise<Fingerprint> {
  const { version, modelPath, options, shard, inputs, signal } = run;
  const { scoreHead, chatTemplate } = options;
  const names = options.deterministic ? [...MEANING, ...ROUNDING] : MEANING;
  return {
    version,
    model: await digestModel(modelPath, signal),
    head: scoreHead === undefined ? undefined : await digestHead(scoreHead),
    template: chatTemplate === undefined ? undefined : await digestTemplate(chatTemplate),
    options: Object.fromEntries(names.map((name) => [snakeCase(name), plain(options[name])])),
    shard: shard && formatShard(shard),
    inputs,
  };
}

/** As JSON that compares by value; an option that is left to the model's placement is "auto". */
function plain(value: string | number | boolean | readonly (string | number)[] | undefined): string | number | boolean {
  if (value === undefined) return 'auto';
  return typeof value === 'object' ? value.join(', ') : value;
}

/** What differs between two runs apart from their inputs, each as a clause for a message; nothing where they fit. */
export function differences(then: Fingerprint, now: Fingerprint): string[] {
  const found: string[] = [];
  if (!isSameModel(then.model, now.model)) found.push(changedFile('the model', then.model, now.model));
  if (then.head?.digest !== now.head?.digest) found.push(changedFile('score_head', then.head, now.head));
  if (then.template?.digest !== now.template?.digest) {
    found.push(changedFile('chat_template', then.template, now.template));
  }
  const names = new Set([...Object.keys(then.options), ...Object.keys(now.options)]);
  // Whether a run is exact decides which options count at all.
  const exact = then.options['deterministic'] === now.options['deterministic'];
  for (const name of names) {
    const [was, is] = [then.options[name], now.options[name]];
    if (was !== is && (exact || (was !== undefined && is !== undefined))) {
      found.push(`${name} was ${String(was)} and is ${String(is)}`);
    }
  }
  if (then.shard !== now.shard) found.push(`the shard was ${then.shard ?? 'none'} and is ${now.shard ?? 'none'}`);
  if (then.options['deterministic'] === true && then.version !== now.version) {
    found.push(`inform-score was version ${then.version} and is ${now.version}`);
  }
  return found;
}

function isSameModel(then: ModelFingerprint, now: ModelFingerprint): boolean {
  if (then.digest !== now.digest) return false;
  return then.content === undefined || now.content === undefined || then.content === now.content;
}

function changedFile(what: string, then: FileFingerprint | undefined, now: FileFingerprint | undefined): string {
  if (then === undefined || now === undefined) {
    return `${what} was ${then?.file ?? 'not given'} and is ${now?.file ?? 'not given'}`;
  }
  return then.file === now.file
    ? `${what} ${now.file} has another content`
    : `${what} was ${then.file} and is ${now.file}, which has another content`;
}

async function digestTemplate(file: string): Promise<FileFingerprint> {
  return { file: path.basename(file), digest: hash('sha256', (await readTemplate(file)) ?? '', 'hex') };
}
