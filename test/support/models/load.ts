import { ChatTemplate } from '#src/prompt/chat-template.js';
import { readModelRules } from '#src/scoring/encoding-rules.js';
import { Engine } from '#src/engine/engine.js';
import { prepareModel, type PreparedModel } from '#src/models/prepare.js';
import { resolveModelOptions } from '#src/options/check.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { LoadedModel } from '#src/scoring/loaded-model.js';
import { SupervisedModel, type SupervisedOptions } from '#src/supervisor/supervised-model.js';

/** A model's files with some options, the others at their defaults. */
export function prepare(model: string, options: Partial<ModelOptions> = {}): Promise<PreparedModel> {
  return prepareModel(model, resolveModelOptions(options));
}

export async function loadModel(model: string, options: Partial<ModelOptions> = {}): Promise<LoadedModel> {
  return LoadedModel.load(await prepare(model, options));
}

export async function loadEngine(model: string, options: Partial<ModelOptions> = {}): Promise<Engine> {
  return Engine.load(await prepare(model, options));
}

/** Loads a model in a process of its own. */
export async function superviseModel(
  model: string,
  options: Partial<ModelOptions> = {},
  settings: SupervisedOptions = {},
): Promise<SupervisedModel> {
  return SupervisedModel.load(await prepare(model, options), settings);
}

/** The chat template of a loaded model, with the special tokens that its file gives it. */
export async function chatTemplateOf(engine: Engine, path: string): Promise<ChatTemplate> {
  const { templateTokens } = await readModelRules({ path, headPath: undefined });
  return new ChatTemplate(engine.info.chatTemplate, templateTokens);
}
