// Builds llama.cpp, engine and addon with sanitizers; runs the engine's own tests, and node with the addon through every
// scenario of test/support/children/lifetime-child.ts: `npm run sanitize -- MODEL.gguf`. Linux with gcc. The first build takes
// about ten minutes. Not part of `npm test`; run it when native code changed.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from '../build/paths.mjs';
import { modelArgument, run } from './native-tests.mjs';

const SANITIZERS = 'address,undefined';
// `collect` and `reload` watch the memory, of which the sanitizer takes its own share.
const SCENARIOS = ['exit', 'exitWhileLoading', 'forget', 'closeRaces', 'workers', 'races', 'terminate'];
const WELL = 7;

const model = modelArgument('sanitize');
const require = createRequire(import.meta.url);
const headers = [require('node-api-headers').include_dir, path.dirname(require.resolve('node-addon-api/package.json'))];
const tree = path.join(packageRoot, '.cmake', 'sanitize');
const output = path.join(tree, 'Release');

run('cmake', [
  ...['-S', packageRoot, '-B', tree, '-DCMAKE_BUILD_TYPE=RelWithDebInfo', `-DINFORM_SANITIZE=${SANITIZERS}`],
  ...['-DINFORM_TESTS=ON', `-DINFORM_OUTPUT_DIR=${output}`],
  ...[`-DINFORM_NODE_API=${headers.join(';')}`],
]);
run('cmake', ['--build', tree, '--parallel', '2', '--target', 'engine_tests', 'inform_score']);
run(path.join(output, 'engine_tests'), [output, model], { env: { UBSAN_OPTIONS: 'print_stacktrace=1' } });

// node is not built with the sanitizer, so its runtime is loaded first, and what node itself never frees is no leak.
const runtime = execFileSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
const child = path.join(packageRoot, 'dist-dev', 'test', 'support', 'children', 'lifetime-child.js');
for (const scenario of SCENARIOS) {
  const env = { LD_PRELOAD: runtime, ASAN_OPTIONS: 'detect_leaks=0', INFORM_ADDON_DIR: output };
  run(process.execPath, ['--expose-gc', child, scenario, model], { env, expected: WELL });
  console.log(`ok      ${scenario}`);
}
