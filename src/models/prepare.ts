import { InformError } from '../errors.js';
import type { WantedType } from '../gguf/model-types.js';
import { trainedContextOf } from '../gguf/reward-model-file.js';
import { readGguf } from '../gguf/reader.js';
import { splitPaths } from '../gguf/split-model.js';
import { settleOptions, type SettledOptions } from '../options/settle.js';
import type { ModelOptions } from '../options/model-options.js';
import { throwIfAborted } from '../util/abort.js';
import { fileVersion, type FileVersion } from '../util/files/file-version.js';
import { DEMO } from './embedded-model.js';
import { resolveModel, type ModelSourceOptions } from './resolve.js';
import { readTemplateFile } from './template-file.js';

/**
 * What a model is loaded from, made once: the engine, its process and the journal's fingerprint all take this, so that none
 * of them reads the options or the files behind them again.
 */
export interface PreparedModel {
  /** Path of the GGUF file; the first one of a split model. */
  readonly path: string;
  /** Path of the GGUF file with the score head; undefined where the model's own file has it. */
  readonly headPath: string | undefined;
  /** Text of the chat template that replaces the model's own; undefined where that one is used. */
  readonly template: string | undefined;
  /** The options, checked, with what they leave to the model. */
  readonly options: SettledOptions;
  /** What a user should know of how they were settled, a sentence each. */
  readonly notes: readonly string[];
  /** The files of model and head as they were when they were found. */
  readonly files: readonly FileVersion[];
}

/**
 * Finds what a model is loaded from, converted or downloaded where it is not on this machine yet.
 *
 * @param model a GGUF file, a checkpoint folder, a Hugging Face id, or `demo`
 * @throws InformError INFORM_TEMPLATE_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_ABORTED, and what converting, downloading and
 *   reading a score head throw
 */
export async function prepareModel(
  model: string,
  options: ModelOptions,
  settings: Omit<ModelSourceOptions, 'type' | 'templateOptional'> = {},
): Promise<PreparedModel> {
  const { chatTemplate, scoreHead, type } = options;
  const { signal } = settings;
  // First what is quick to fail: finding the model may take hours.
  const template = chatTemplate === undefined ? undefined : await readTemplateFile(chatTemplate, signal);
  throwIfAborted(signal);
  const path = await resolveModel(model, { type, templateOptional: template !== undefined, ...settings });
  const headPath = scoreHead === undefined ? undefined : await findHead(scoreHead, signal);
  const files = [...splitPaths(path), ...(headPath === undefined ? [] : [headPath])];
  const [own, heads] = [await contextOf(path), headPath === undefined ? Infinity : await contextOf(headPath)];
  const settled = settleOptions(options, Math.min(own, heads));
  checkHeadsContext(settled.options.maxLength, heads);
  return {
    path,
    headPath,
    template,
    options: settled.options,
    notes: [...typeNotes(model, path, type), ...settled.notes],
    files: files.flatMap((file) => fileVersion(file) ?? []),
  };
}

/** What reads a checkpoint's head needs the converter, so it is loaded where there is one. */
async function findHead(scoreHead: string, signal: AbortSignal | undefined): Promise<string> {
  const { headFile } = await import('../head/head-file.js');
  return headFile(scoreHead, signal);
}

/** A type that was asked for and decides nothing is not passed over in silence. */
function typeNotes(model: string, path: string, type: WantedType): string[] {
  const isFile = model === DEMO || model === path;
  return type === 'auto' || !isFile
    ? []
    : [`type ${type} has no effect: ${model} is a GGUF file already. inform-score quantize makes one of another type.`];
}

/** Infinity where the file does not say. */
async function contextOf(path: string): Promise<number> {
  const { metadata } = await readGguf(path, { wantArray: () => false });
  return trainedContextOf(metadata) ?? Infinity;
}

/** The model's own is checked with the sizes of contexts (engine.ts). */
function checkHeadsContext(maxLength: number, context: number): void {
  if (maxLength <= context) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `max_length is ${maxLength}, but the score head's model computes sequences of up to ${context} tokens. Lower max_length.`,
  );
}
