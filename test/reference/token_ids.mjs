// Token ids as we make them, for compare_tokenizers.py: node token_ids.mjs FOLDER < TEXTS.json > IDS.json
//
// FOLDER holds a tokenizer alone. It is put into a checkpoint of one small layer, converted, and asked for each text's ids.
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { convertCheckpoint } from '../../dist/convert/convert.js';
import { readModelRules, readRewriter } from '../../dist/scoring/encoding-rules.js';
import { loadEngine } from '../../dist-dev/test/support/models/load.js';
import { modelConfig, writeJson } from '../../dist-dev/tools/random-checkpoint/generate.js';
import { writeSafetensors } from '../../dist-dev/tools/random-checkpoint/safetensors-writer.js';
import { generateWeights } from '../../dist-dev/tools/random-checkpoint/weights.js';

const [tokenizer, vocabularySize] = process.argv.slice(2);
const texts = JSON.parse(await text(process.stdin));
const folder = await mkdtemp(join(tmpdir(), 'token-ids-'));
try {
  const geometry = {
    hiddenSize: 32,
    feedForwardSize: 64,
    layerCount: 1,
    headCount: 2,
    kvHeadCount: 1,
    head: 'one-layer',
    vocabularySize: Number(vocabularySize),
  };
  for (const name of await readdir(tokenizer)) await copyFile(join(tokenizer, name), join(folder, name));
  await writeJson(folder, 'config.json', {
    ...modelConfig(geometry),
    architectures: ['LlamaForSequenceClassification'],
    vocab_size: geometry.vocabularySize,
    pad_token_id: null,
  });
  await writeSafetensors(join(folder, 'model.safetensors'), generateWeights(geometry, 1));
  const path = join(folder, 'model.gguf');
  await convertCheckpoint(folder, path, { type: 'f32' });
  const engine = await loadEngine(path, {});
  const { normalizer } = await readModelRules({ path, headPath: undefined });
  const rewriter = await readRewriter(path, normalizer);
  const ids = [];
  for (const prompt of texts) {
    const piece = { text: prompt, parseSpecial: true };
    const pieces = rewriter?.rewrite(piece, true) ?? [piece];
    const parts = await engine.tokenize(
      pieces.map((part) => part.text),
      true,
    );
    ids.push(parts.flatMap((part) => [...part]));
  }
  await engine.close();
  process.stdout.write(JSON.stringify(ids));
} finally {
  await rm(folder, { recursive: true });
}
