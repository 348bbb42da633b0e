// One trial of node-llama-cpp's embedding context: `node node-llama-cpp.mjs FOLDER MODEL DATASET THREADS`, where FOLDER
// holds the node_modules it is installed in. It takes token ids and evaluates one sequence at a time; that is all it can.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, modelPath, dataset, threads] = process.argv.slice(2);
const require = createRequire(path.join(folder, 'package.json'));
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(require.resolve('node-llama-cpp')).href);

const { tokens } = JSON.parse(readFileSync(dataset, 'utf8'));
const longest = Math.max(...tokens.map((ids) => ids.length));

// Its prebuilt binary, never a build of its own: that is what its users run.
const llama = await getLlama({
  gpu: false,
  build: 'never',
  maxThreads: Number(threads),
  logLevel: LlamaLogLevel.error,
});
const model = await llama.loadModel({ modelPath, defaultContextFlashAttention: true });
// The whole sequence in one batch: smaller batches were slower.
const context = await model.createEmbeddingContext({
  contextSize: longest + 1,
  batchSize: longest + 1,
  threads: Number(threads),
  ignoreMemorySafetyChecks: true,
});
// It removes nothing from what it is given but adds a beginning token where there is none.
const count = tokens.reduce((sum, ids) => sum + context.calculateInputLength([...ids]), 0);
await context.getEmbeddingFor(tokens[0].slice(0, 32));

const start = performance.now();
for (const ids of tokens) await context.getEmbeddingFor(ids);
const seconds = (performance.now() - start) / 1000;

console.log(JSON.stringify({ seconds, tokens: count }));
process.exit(0);
