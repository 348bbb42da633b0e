import { stat } from 'node:fs/promises';
import { ensureDemoModel } from './demo/demo-model.js';
import { InformError, messageOf, systemCodeOf } from './errors.js';

/** The name of the embedded model. */
export const DEMO = 'demo';

/** Said wherever scores of the embedded model are shown. */
export const DEMO_NOTICE =
  'The demo model has random weights: its scores show that everything works and carry no meaning.';

/** `infly/INF-ORM-Llama3.1-70B`: an owner and a name, and no file of ours. */
const HUB_ID = /^[\w.-]+\/[\w.-]+$/;

/** The GGUF file behind `model:`. Throws INFORM_MODEL_NOT_FOUND. */
export async function resolveModel(model: string, onProgress?: (fraction: number) => void): Promise<string> {
  if (model === DEMO) {
    return ensureDemoModel(onProgress);
  }
  try {
    const found = await stat(model);
    if (found.isFile()) return model;
    if (!found.isDirectory()) throw new InformError('INFORM_MODEL_NOT_FOUND', `${model} is no regular file.`);
  } catch (error) {
    throw error instanceof InformError ? error : notFound(model, error);
  }
  throw new InformError(
    'INFORM_MODEL_NOT_FOUND',
    `${model} is a folder. Scoring takes a GGUF file; make one with: inform-score convert ${model} -o model.gguf`,
  );
}

function notFound(model: string, error: unknown): InformError {
  const missing = systemCodeOf(error) === 'ENOENT';
  if (missing && HUB_ID.test(model) && !model.endsWith('.gguf')) {
    return new InformError(
      'INFORM_MODEL_NOT_FOUND',
      `${model} is a Hugging Face id, and this version does not download. Name a GGUF file that holds the ` +
        `model with its score head (-m model.gguf), or try the embedded model with -m demo.`,
      { cause: error },
    );
  }
  const reason = missing ? 'does not exist. Check the path of the model' : `cannot be read: ${messageOf(error)}`;
  return new InformError('INFORM_MODEL_NOT_FOUND', `${model} ${reason}.`, { cause: error });
}
