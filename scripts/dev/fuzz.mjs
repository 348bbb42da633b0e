// Coverage-guided fuzzing of the native readers and kernels, and damaged models against the whole of loading and scoring:
//
//   npm run fuzz -- [--seconds 60] [--models 500] [--seed 1] [--from MODEL.gguf]
//
// libFuzzer's targets are built with clang, ASan and UBSan in a tree of their own, start from native/fuzz/corpus and run one
// after the other for --seconds each. What they find lies in .cmake/fuzz/findings; the exit code is 1 where there is anything.
// --seconds 0 leaves them out (they need clang on Linux), --models 0 the damaged models, which are copies of a tiny Llama or of --from.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../build/paths.mjs';

const TARGETS = ['gguf_fuzz', 'encode_fuzz', 'kernels_fuzz'];
const COMPILERS = [
  ['clang', 'clang++'],
  ['clang-14', 'clang++-14'],
];
const SUPPRESSIONS = path.join(packageRoot, 'native', 'fuzz', 'ubsan.supp');
const MAX_INPUT_BYTES = 16384;
const SECONDS_PER_INPUT = 10;

const seconds = numberOption('seconds', 60);
const models = numberOption('models', 500);
const seed = numberOption('seed', 1);
const tree = path.join(packageRoot, '.cmake', 'fuzz');
const findings = path.join(tree, 'findings');
const results = [];

mkdirSync(findings, { recursive: true });
if (seconds > 0) {
  build();
  for (const target of TARGETS) results.push(fuzz(target));
}
if (models > 0) results.push(await damagedModels());
for (const { line } of results) console.log(line);
const files = readdirSync(findings);
if (files.length > 0) console.error(`Found: ${files.map((file) => path.join(findings, file)).join(', ')}`);
process.exit(files.length > 0 || results.some(({ failed }) => failed) ? 1 : 0);

function option(name) {
  const text = { type: 'string' };
  return parseArgs({ options: { seconds: text, models: text, seed: text, from: text } }).values[name];
}

function numberOption(name, fallback) {
  const value = Number(option(name) ?? fallback);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return fail(`--${name} must be a whole number of 0 or more.`);
}

function build() {
  const compilers = COMPILERS.find((pair) => pair.every((tool) => succeeds(tool, ['--version'])));
  if (process.platform !== 'linux' || compilers === undefined) {
    fail('the native targets need clang on Linux (Debian/Ubuntu: apt-get install clang). --seconds 0 leaves them out.');
  }
  const [cc, cxx] = compilers;
  const probe = ['-x', 'c', '-fsanitize=fuzzer', '-o', path.join(tree, 'probe'), '-'];
  const target = 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { (void)d; (void)n; return 0; }';
  if (spawnSync(cc, probe, { input: target }).status !== 0) {
    fail(`${cc} lacks libFuzzer (Debian/Ubuntu: apt-get install libclang-rt-14-dev, of the compiler's own version).`);
  }
  const configure = [
    ...['-S', packageRoot, '-B', tree, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', '-DINFORM_FUZZ=ON'],
    ...['-DINFORM_SANITIZE=address,undefined,fuzzer-no-link', `-DINFORM_OUTPUT_DIR=${path.join(tree, 'bin')}`],
  ];
  for (const args of [configure, ['--build', tree, '--parallel', '2', '--target', ...TARGETS]]) {
    const { status } = spawnSync('cmake', args, { stdio: 'inherit', env: { ...process.env, CC: cc, CXX: cxx } });
    if (status !== 0) fail('the build failed; the lines above say where.');
  }
}

/** Runs one target; new inputs that reach more code are kept in the tree, beside the committed ones. */
function fuzz(name) {
  const grown = path.join(tree, 'corpus', name);
  mkdirSync(grown, { recursive: true });
  const args = [
    ...[grown, path.join(packageRoot, 'native', 'fuzz', 'corpus', name)],
    ...[`-max_total_time=${seconds}`, `-max_len=${MAX_INPUT_BYTES}`, `-timeout=${SECONDS_PER_INPUT}`, `-seed=${seed}`],
    ...['-rss_limit_mb=2048', '-print_final_stats=1', '-verbosity=1', `-artifact_prefix=${findings}/${name}-`],
  ];
  const { status, stderr } = spawnSync(path.join(tree, 'bin', name), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, UBSAN_OPTIONS: `halt_on_error=1:print_stacktrace=1:suppressions=${SUPPRESSIONS}` },
  });
  if (status !== 0) process.stderr.write(stderr.slice(-8000));
  const runs = /number_of_executed_units:\s*(\d+)/.exec(stderr)?.[1] ?? '0';
  const covered = [...stderr.matchAll(/cov: (\d+) ft: (\d+) corp: (\d+)/g)].at(-1) ?? [];
  const [, edges = '?', features = '?', inputs = '?'] = covered;
  const line = `${name}: ${runs} runs in ${seconds} s, ${edges} edges, ${features} features, ${inputs} inputs kept`;
  return { line, failed: status !== 0 };
}

async function damagedModels() {
  const support = (file) => import(path.join(packageRoot, 'dist-dev', 'test', 'support', 'models', file));
  const { loadDamagedModels } = await support('hostile-models.js').catch(() =>
    fail('the damaged models need compiled tests: npm run build:ts'),
  );
  const { tinyModel } = await support('tiny-model.js');
  const folder = path.join(tree, 'models');
  mkdirSync(folder, { recursive: true });
  const source = option('from') ?? (await tinyModel(path.join(folder, 'tiny.gguf')));
  const campaign = { source, folder, seed, first: 0, end: models, silenceMs: 60_000 };
  const { outcomes, failures } = await loadDamagedModels(campaign);
  for (const failure of failures) console.error(failure);
  const counts = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
  return { line: `damaged models: ${models}, ${counts}; ${failures.length} failures`, failed: failures.length > 0 };
}

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function fail(message) {
  console.error(`fuzz: ${message}`);
  process.exit(2);
}
