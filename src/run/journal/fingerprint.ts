import { hash } from 'node:crypto';
import path from 'node:path';
import { OPTIONS, snakeCase, type RunOptions } from '../../options/table.js';
import type { PreparedModel } from '../../models/prepare.js';
import type { FileFingerprint, Fingerprint, InputFingerprint, ModelFingerprint } from './fingerprint-types.js';
import { digestHead, digestModel } from './model-digest.js';

export interface RunParts {
  version: string;
  model: PreparedModel;
  options: RunOptions;
  inputs: InputFingerprint[];
  signal?: AbortSignal | undefined;
}

/** That of a run over all rows. Reads what it must of the model and its head. Throws what reading those throws. */
export async function fingerprintRun(run: RunParts): Promise<Fingerprint> {
  const { version, model, inputs, signal } = run;
  // As the model settled them: what a default came to, not that it was one.
  const options = { ...run.options, ...model.options };
  const { scoreHead, chatTemplate } = options;
  // Rounding may change when a run goes on (with a smaller context after memory ran out), but not where it must be exact.
  const compared = OPTIONS.filter(
    ({ affects }) => affects === 'score' || (options.deterministic && affects === 'rounding'),
  );
  return {
    version,
    model: await digestModel(model.path, signal),
    head: scoreHead === undefined ? undefined : await digestHead(scoreHead),
    template:
      chatTemplate === undefined
        ? undefined
        : { file: path.basename(chatTemplate), digest: hash('sha256', model.template ?? '', 'hex') },
    options: Object.fromEntries(compared.map(({ key }) => [snakeCase(key), plain(options[key])])),
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
