// Builds llama.cpp and the engine for 64-bit Arm and runs the engine's own tests in an emulator, once for each set of
// instructions that native/kernels has code for: `npm run test:arm -- MODEL.gguf`. Debian: g++-aarch64-linux-gnu,
// qemu-user. The first build takes about ten minutes. Says whether the results are right, nothing about speed. Not part of
// `npm test`; run it when native/kernels changed.
import path from 'node:path';
import { packageRoot } from '../build/paths.mjs';
import { modelArgument, run } from './native-tests.mjs';

/** What -march is given. All of them run on the emulator's `max`. */
const KINDS = ['armv8-a', 'armv8.2-a+dotprod', 'armv8.6-a+dotprod+i8mm'];
const COMPILER = 'aarch64-linux-gnu';

const model = modelArgument('test:arm');
const tree = path.join(packageRoot, '.cmake', 'arm');
const output = path.join(tree, 'Release');
const brought = { packages: 'cmake, g++-aarch64-linux-gnu, qemu-user' };
for (const kind of KINDS) {
  const configure = [
    ...['-S', packageRoot, '-B', tree, '-DCMAKE_BUILD_TYPE=Release', '-DINFORM_TESTS=ON', '-DINFORM_BACKENDS=cpu'],
    ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
    ...[`-DCMAKE_C_COMPILER=${COMPILER}-gcc`, `-DCMAKE_CXX_COMPILER=${COMPILER}-g++`],
    ...[`-DGGML_CPU_ARM_ARCH=${kind}`, `-DINFORM_OUTPUT_DIR=${output}`],
  ];
  run('cmake', configure, brought);
  run('cmake', ['--build', tree, '--parallel', '2', '--target', 'engine_tests']);
  const tests = [path.join(output, 'engine_tests'), output, model, '--no-speed'];
  run('qemu-aarch64', ['-cpu', 'max', '-L', path.join('/usr', COMPILER), ...tests], brought);
  console.log(`ok      ${kind}`);
}
