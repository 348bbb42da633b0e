// Attention of a micro-batch on the CPU, ggml's kernel and ours by turns: `npm run bench -- attention [--rounds N]`. Prints the table of
// docs/kernels.md: billions of operations a second on all cores, four for a number of a visible cell's key and a head.

import { parseArgs } from 'node:util';
import type { Activations, AttentionShape } from '#src/addon/load-addon.js';
import { measureAttention } from '#src/addon/speed.js';
import { physicalCores } from '#src/util/physical-cores.js';
import { table } from './support/results-file.js';
import { bestRates, withRatios } from './support/ways.js';

const HEADS = {
  'Llama 3.2 1B': { length: 64, heads: 32, kvHeads: 8 },
  'Llama 3.1 8B': { length: 128, heads: 32, kvHeads: 8 },
} as const;
const BATCHES = {
  'a row of 512 tokens': { unseen: 0, prompt: 0, tokens: 512, sequences: 1 },
  'the last of 8 such rows': { unseen: 3584, prompt: 0, tokens: 512, sequences: 1 },
  'the last 512 of 2,000 tokens': { unseen: 0, prompt: 1488, tokens: 512, sequences: 1 },
  '8 answers to 2,000 tokens': { unseen: 0, prompt: 2000, tokens: 512, sequences: 8 },
} as const;
const WAYS: readonly Activations[] = ['ggml', 'f32', 'bf16x2']; // the last is the second where there is no AMX

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });

const lines = [];
for (const [model, heads] of Object.entries(HEADS)) {
  for (const [batch, cells] of Object.entries(BATCHES)) {
    const shape: AttentionShape = { ...heads, ...cells };
    const best = await bestRates(WAYS, Number(values.rounds), (way) => measureAttention(shape, physicalCores(), way));
    lines.push([model, batch, ...withRatios(best)]);
    console.error(lines.at(-1)?.join('  '));
  }
}
console.log(table(['heads of', 'micro-batch', 'llama.cpp', 'f32 (ratio)', 'bf16x2 (ratio)'], lines));
