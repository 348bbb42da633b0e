import { loadEngine } from './models/load.js';

/** The token ids of texts, by a model's own tokenizer. */
export async function tokensOf(model: string, texts: string[]): Promise<Int32Array[]> {
  const engine = await loadEngine(model);
  try {
    return await engine.tokenize(texts, false);
  } finally {
    await engine.close();
  }
}
