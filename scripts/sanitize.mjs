// Builds engine and llama.cpp with sanitizers and runs the engine's own tests: `npm run sanitize -- MODEL.gguf`.
// Takes about ten minutes for the first build of each kind. Not part of `npm test`; run it when native code changed.
//
//   INFORM_SANITIZE=thread npm run sanitize -- MODEL.gguf
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from './paths.mjs';

const kind = process.env.INFORM_SANITIZE ?? 'address,undefined';
const [model] = process.argv.slice(2);
if (!model) {
  console.error(
    'usage: npm run sanitize -- MODEL.gguf (any small GGUF with a head; `inform-score inspect demo` names one)',
  );
  process.exit(2);
}

const tree = path.join(packageRoot, '.cmake', `sanitize-${kind.replace(',', '-')}`);
const output = path.join(tree, 'out');
run('cmake', [
  ...['-S', packageRoot, '-B', tree, '-DCMAKE_BUILD_TYPE=RelWithDebInfo'],
  ...[`-DINFORM_SANITIZE=${kind}`, '-DINFORM_TESTS=ON', `-DINFORM_OUTPUT_DIR=${output}`],
]);
run('cmake', ['--build', tree, '--parallel', '2', '--target', 'engine_tests']);
run(path.join(output, 'engine_tests'), [output, model], { UBSAN_OPTIONS: 'print_stacktrace=1' });

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}
