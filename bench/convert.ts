// How fast `convert` is: `npm run bench -- convert [--quick] [--json] [--python PYTHON]`. A synthetic BF16 checkpoint (8B
// geometry with few layers) is converted in turn with what it is compared to, every trial in a process of its own:
//
//   bf16     against `cp` of the same bytes, both until the file is synced to the disk
//   q4_k_m   against llama.cpp's path: convert_hf_to_gguf.py to BF16, then llama.cpp's quantizer. The script runs in PYTHON,
//            or in the Python of `npm run bench -- install-peers`. Where there is neither, only its quantizer is timed, on our BF16
//            file, which favours llama.cpp.
//
// `--json` prints one document on standard output; everything else goes to standard error.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '#src/util/package-root.js';
import { pythonWithConverter } from './support/peers.js';
import { writeSyntheticCheckpoint } from './support/synthetic-checkpoint.js';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    python: { type: 'string' },
    folder: { type: 'string' }, // where to work, if not below the folder for temporary files
  },
});

const GEOMETRY = { hiddenSize: 4096, feedForwardSize: 14336, headCount: 32, kvHeadCount: 8 };
const LAYERS = flags.quick ? 1 : 6;
const TRIALS = flags.quick ? 3 : 5;
const python = flags.python ?? pythonWithConverter();

interface Trial {
  seconds: number;
  peakRssMb?: number;
}

const work = mkdtempSync(path.join(flags.folder ?? os.tmpdir(), 'inform-score-bench-convert-'));
try {
  report(await measure(path.join(work, 'checkpoint')));
} finally {
  rmSync(work, { recursive: true, force: true });
}

interface Result {
  machine: string;
  checkpointBytes: number;
  trials: number;
  /** Median seconds. */
  seconds: Record<string, number>;
  /** Fastest and slowest, in seconds. */
  spread: Record<string, readonly [number, number]>;
  /** What stands against our q4_k_m. */
  llamaCppPath: string;
  ratios: { bf16_vs_cp: number; q4_k_m_vs_llama_cpp: number };
  peak_rss_mb: number;
}

async function measure(checkpoint: string): Promise<Result> {
  say('making the checkpoint');
  const checkpointBytes = await writeSyntheticCheckpoint(checkpoint, { ...GEOMETRY, layerCount: LAYERS });
  warmUp(checkpoint);
  const contestants: Record<string, () => Trial> = {
    cp: () => copy(checkpoint),
    'ours bf16': () => convert(checkpoint, 'bf16'),
    'ours q4_k_m': () => convert(checkpoint, 'q4_k_m'),
    ...llamaCppContestants(checkpoint),
  };
  const trials: Record<string, Trial[]> = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let trial = 1; trial <= TRIALS; trial++) {
    for (const [name, run] of Object.entries(contestants)) {
      execFileSync('sync');
      const result = run();
      trials[name]?.push(result);
      say(`trial ${trial}, ${name}: ${result.seconds.toFixed(2)} s`);
    }
  }
  const times = Object.entries(trials).map(([name, all]) => [name, all.map(({ seconds }) => seconds)] as const);
  const seconds = Object.fromEntries(times.map(([name, all]) => [name, median(all)]));
  const of = (name: string): number => seconds[name] ?? NaN;
  const theirs = (seconds["llama.cpp's converter"] ?? 0) + of("llama.cpp's quantizer");
  return {
    machine: `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} threads, ${Math.round(os.totalmem() / 2 ** 30)} GB`,
    checkpointBytes,
    trials: TRIALS,
    seconds,
    spread: Object.fromEntries(times.map(([name, all]) => [name, [Math.min(...all), Math.max(...all)] as const])),
    llamaCppPath: python === undefined ? 'quantizer only' : 'convert_hf_to_gguf.py and quantizer',
    ratios: { bf16_vs_cp: of('cp') / of('ours bf16'), q4_k_m_vs_llama_cpp: theirs / of('ours q4_k_m') },
    peak_rss_mb: Math.max(...Object.values(trials).flatMap((all) => all.map(({ peakRssMb }) => peakRssMb ?? 0))),
  };
}

/** The checkpoint in the page cache, for all alike. */
function warmUp(checkpoint: string): void {
  execFileSync('sh', ['-c', 'cat "$1"/*.safetensors > /dev/null', 'sh', checkpoint]);
}

function copy(checkpoint: string): Trial {
  const target = fresh('copy');
  return timed(() => {
    execFileSync('sh', ['-c', 'cp -r "$1" "$2" && sync "$2"/*', 'sh', checkpoint, target]);
  });
}

function convert(checkpoint: string, type: string): Trial {
  const script = path.join(packageRoot(), 'dist-dev', 'bench', 'trials', 'convert.js');
  const output = execFileSync(process.execPath, [script, checkpoint, fresh(`${type}.gguf`), type], {
    encoding: 'utf8',
    env: process.env,
  });
  return JSON.parse(output) as Trial;
}

function llamaCppContestants(checkpoint: string): Record<string, () => Trial> {
  const bf16 = path.join(work, 'for-quantizer.gguf');
  const quantizer = (): Trial => {
    const target = fresh('quantized.gguf');
    return timed(() => {
      run(process.execPath, [cli(), 'quantize', bf16, target, '--type', 'q4_k_m']);
    });
  };
  if (python === undefined) {
    run(process.execPath, [cli(), 'convert', checkpoint, '-o', bf16, '--type', 'bf16']);
    return { "llama.cpp's quantizer": quantizer };
  }
  const relabelled = relabel(checkpoint);
  const converter = (): Trial => {
    rmSync(bf16, { force: true });
    return timed(() => {
      run(python, [llamaCppConverter(), relabelled, '--outtype', 'bf16', '--outfile', bf16]);
      execFileSync('sync', [bf16]);
    });
  };
  return { "llama.cpp's converter": converter, "llama.cpp's quantizer": quantizer };
}

/** The backbone under the name of a class that llama.cpp's converter takes. */
function relabel(checkpoint: string): string {
  const folder = path.join(work, 'relabelled');
  mkdirSync(folder);
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'])
    copyFileSync(path.join(checkpoint, name), path.join(folder, name));
  linkSync(path.join(checkpoint, 'backbone.safetensors'), path.join(folder, 'model.safetensors'));
  const config = JSON.parse(readFileSync(path.join(checkpoint, 'config.json'), 'utf8')) as Record<string, unknown>;
  const relabelled = { ...config, architectures: ['LlamaForCausalLM'], tie_word_embeddings: true };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(relabelled));
  return folder;
}

/** The script in the source of llama.cpp that the build uses. */
function llamaCppConverter(): string {
  const cache = readFileSync(path.join(packageRoot(), '.cmake', 'CMakeCache.txt'), 'utf8');
  const source = /^llama\.cpp_SOURCE_DIR:STATIC=(.*)$/m.exec(cache)?.[1];
  if (source === undefined) throw new Error('the CMake cache does not say where llama.cpp is');
  return path.join(source, 'convert_hf_to_gguf.py');
}

function cli(): string {
  return path.join(packageRoot(), 'dist', 'cli', 'bin.js');
}

function run(command: string, args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr}`);
}

function timed(action: () => void): Trial {
  const start = performance.now();
  action();
  return { seconds: (performance.now() - start) / 1000 };
}

/** A path where nothing is, so that no trial pays for removing what the one before it left. */
function fresh(name: string): string {
  const target = path.join(work, name);
  rmSync(target, { recursive: true, force: true });
  return target;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

function report(result: Result): void {
  if (flags.json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  console.log(
    `${result.machine}; ${(result.checkpointBytes / 1e9).toFixed(2)} GB, ${result.trials} trials each, medians\n`,
  );
  console.log('| what | seconds | fastest, slowest | GB/s of checkpoint |\n| --- | --- | --- | --- |');
  for (const [name, seconds] of Object.entries(result.seconds)) {
    const [fastest, slowest] = result.spread[name] ?? [NaN, NaN];
    const rate = result.checkpointBytes / 1e9 / seconds;
    console.log(
      `| ${name} | ${seconds.toFixed(2)} | ${fastest.toFixed(2)}, ${slowest.toFixed(2)} | ${rate.toFixed(2)} |`,
    );
  }
  console.log(`\nbf16 against cp: ${result.ratios.bf16_vs_cp.toFixed(2)}`);
  console.log(`q4_k_m against llama.cpp (${result.llamaCppPath}): ${result.ratios.q4_k_m_vs_llama_cpp.toFixed(2)}`);
  console.log(`peak memory of our conversions: ${result.peak_rss_mb.toFixed(0)} MB`);
}

function say(text: string): void {
  console.error(text);
}
