// Two layers at the full width of models on the newer backbones, with random weights: `npm run bench -- full-width [--names NAME,...]`.
// Each is converted to BF16 with the command line, and eight rows of sft-805 are scored; prints a table of times and peak memory.
// Linux only: it reads /proc. Needs 10 GB of disk below the folder for temporary files, 12 GB of memory, some minutes a model.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '#src/util/package-root.js';
import type { Geometry } from '../tools/random-checkpoint/geometry.js';
import { CLASS_CHECKPOINTS, generateClassCheckpoint } from '../test/support/models/class-checkpoints.js';
import { log } from './support/log.js';
import { peakOfCli } from './support/peak.js';
import { table } from './support/results-file.js';

const ROWS = 8;

interface Wide {
  /** The class whose small checkpoint has all that is not width. */
  readonly like: string;
  readonly geometry: Geometry;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tokenizer?: 'gemma3';
}

const MODELS: Readonly<Record<string, Wide>> = {
  'Qwen3-8B': {
    like: 'qwen3',
    geometry: { ...widths(4096, 12288, 32, 8), headDim: 128, vocabularySize: 151936, headNorms: true },
  },
  // With Gemma 3's vocabulary, which has 6,144 tokens more.
  'Gemma-2-27B': {
    like: 'gemma2',
    geometry: { ...widths(4608, 36864, 32, 16), headDim: 128, vocabularySize: 262144, gemma: true },
    config: {
      attn_logit_softcapping: 50,
      bos_token_id: 2,
      eos_token_id: 1,
      pad_token_id: 0,
      query_pre_attn_scalar: 128,
      sliding_window: 4096,
      vocab_size: 262144,
    },
    tokenizer: 'gemma3',
  },
  'Mistral-7B': { like: 'mistral-pieces', geometry: { ...widths(4096, 14336, 32, 8), vocabularySize: 32064 } },
};

function widths(hiddenSize: number, feedForwardSize: number, headCount: number, kvHeadCount: number): Geometry {
  return { hiddenSize, feedForwardSize, layerCount: 2, headCount, kvHeadCount, head: 'one-layer' };
}

const { values: flags } = parseArgs({ options: { names: { type: 'string', default: Object.keys(MODELS).join(',') } } });
const cells: string[][] = [];
for (const name of flags.names.split(',')) {
  const wide = MODELS[name];
  if (wide === undefined) throw new Error(`--names takes some of ${Object.keys(MODELS).join(', ')}`);
  cells.push([name, ...(await measured(name, wide))]);
}
console.log(table(['two layers of', 'GB', 'convert s', 'peak MB', `score ${ROWS} rows s`, 'peak MB'], cells));

async function measured(name: string, { like, geometry, config, tokenizer }: Wide): Promise<string[]> {
  const made = CLASS_CHECKPOINTS.find((candidate) => candidate.name === like);
  if (made === undefined) throw new Error(`no checkpoint ${like}`);
  const work = mkdtempSync(path.join(os.tmpdir(), 'inform-score-full-width-'));
  try {
    const [checkpoint, model, rows] = ['checkpoint', 'model.gguf', 'rows.jsonl'].map((file) =>
      path.join(work, file),
    ) as [string, string, string];
    log(`${name}: generating`);
    const changed = { ...made, geometry, config: { ...made.config, ...config } };
    await generateClassCheckpoint(checkpoint, tokenizer === undefined ? changed : { ...changed, tokenizer });
    const gigabytes = statSync(path.join(checkpoint, 'model.safetensors')).size / 1e9;
    log(`${name}: ${gigabytes.toFixed(2)} GB, converting`);
    const converted = await peakOfCli(['convert', checkpoint, '-o', model, '--type', 'bf16']);
    rmSync(checkpoint, { recursive: true });
    const data = readFileSync(path.join(packageRoot(), 'bench', 'data', 'sft-805.jsonl'), 'utf8').split('\n');
    writeFileSync(rows, data.slice(0, ROWS).join('\n'));
    log(`${name}: scoring`);
    const scored = await peakOfCli([rows, '-m', model, '-o', `${rows}.scores`, '--progress', 'none']);
    const fixed = ({ seconds, megabytes }: { seconds: number; megabytes: number }): string[] => [
      seconds.toFixed(1),
      megabytes.toFixed(0),
    ];
    log(readFileSync(`${rows}.scores`, 'utf8').split('\n', 2).join('\n').slice(0, 300));
    return [gigabytes.toFixed(2), ...fixed(converted), ...fixed(scored)];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
