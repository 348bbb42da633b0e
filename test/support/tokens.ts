import { Engine } from '#src/engine/engine.js';
import { resolveModelOptions } from '#src/options/check.js';

/** The token ids of texts, by a model's own tokenizer. */
export async function tokensOf(model: string, texts: string[]): Promise<Int32Array[]> {
  const engine = await Engine.load(model, resolveModelOptions({}));
  try {
    return await engine.tokenize(texts, false);
  } finally {
    await engine.close();
  }
}
