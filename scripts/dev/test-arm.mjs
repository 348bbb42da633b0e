// Builds llama.cpp and the engine for 64-bit Arm and runs the engine's own tests in an emulator, once for each set of
// instructions that native/kernels has code for: `npm run test:arm -- MODEL.gguf`. Debian: g++-aarch64-linux-gnu,
// qemu-user. The first build takes about ten minutes. Says whether the results are right, nothing about speed. Not part of
// `npm test`; run it when native/kernels changed.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../build/paths.mjs';

/** What -march is given. All of them run on the emulator's `max`. */
const KINDS = ['armv8-a', 'armv8.2-a+dotprod', 'armv8.6-a+dotprod+i8mm'];
const COMPILER = 'aarch64-linux-gnu';

const [model] = process.argv.slice(2);
if (!model) {
  console.error(
    'usage: npm run test:arm -- MODEL.gguf (F32, F16 or BF16; npm test makes build/test-models-v5/model-bf16.gguf)',
  );
  process.exit(2);
}

const tree = path.join(packageRoot, '.cmake', 'arm');
const output = path.join(tree, 'Release');
for (const kind of KINDS) {
  run('cmake', [
    ...['-S', packageRoot, '-B', tree, '-DCMAKE_BUILD_TYPE=Release', '-DINFORM_TESTS=ON', '-DINFORM_BACKENDS=cpu'],
    ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
    ...[`-DCMAKE_C_COMPILER=${COMPILER}-gcc`, `-DCMAKE_CXX_COMPILER=${COMPILER}-g++`],
    ...[`-DGGML_CPU_ARM_ARCH=${kind}`, `-DINFORM_OUTPUT_DIR=${output}`],
  ]);
  run('cmake', ['--build', tree, '--parallel', '2', '--target', 'engine_tests']);
  const libraries = path.join('/usr', COMPILER);
  run('qemu-aarch64', ['-cpu', 'max', '-L', libraries, path.join(output, 'engine_tests'), output, model, '--no-speed']);
  console.log(`ok      ${kind}`);
}

function run(command, args) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) return;
  if (error?.code === 'ENOENT')
    console.error(`${command} is missing. Debian: cmake, g++-aarch64-linux-gnu, qemu-user.`);
  else console.error(`${command} ended with ${signal ?? status}`);
  process.exit(1);
}
