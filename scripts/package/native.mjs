// The addon for other machines than this one: every CPU variant, and on Linux for every C library that Node itself runs on.
//
//   INFORM_ZIG      the zig program, whose compiler brings the symbols of old C libraries (pip install ziglang); else this machine's
//                   compiler is used, and the addon needs a C library as new as this machine's
//   INFORM_OPENMP   a folder with LLVM's lib/libomp.so.5 and include/openmp/omp.h, to build with zig and to ship (Debian 11: libomp-11-dev
//                   makes /usr/lib/llvm-11); zig has none of its own
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { packageRoot } from '../build/paths.mjs';

/** The oldest C library that the official builds of Node 20 run on. */
export const GLIBC_FLOOR = '2.28';

const require = createRequire(import.meta.url);
const tree = path.join(packageRoot, '.cmake', 'package');

/** Builds, incrementally. Returns the folder with the addon, its libraries and nothing that a build leaves besides. */
export function buildPortable() {
  const output = path.join(tree, 'Release');
  const headers = require('node-api-headers');
  const zig = process.env.INFORM_ZIG;
  cmake([
    ...['-S', packageRoot, '-B', path.join(tree, 'cmake'), '-DCMAKE_BUILD_TYPE=Release', '-DINFORM_PORTABLE=ON'],
    ...[`-DINFORM_OUTPUT_DIR=${output}`, `-DINFORM_BACKENDS=${process.platform === 'darwin' ? 'metal' : 'cpu'}`],
    `-DINFORM_NODE_API=${[headers.include_dir, path.dirname(require.resolve('node-addon-api/package.json'))].join(';')}`,
    `-DINFORM_NODE_API_DEF=${headers.def_paths.node_api_def}`,
    ...(zig ? withZig(path.resolve(zig), openMp()) : []),
  ]);
  cmake([
    ...['--build', path.join(tree, 'cmake'), '--config', 'Release', '--parallel', String(os.availableParallelism())],
    ...['--target', 'inform_score'],
  ]);
  if (zig) fs.copyFileSync(path.join(openMp(), 'lib', 'libomp.so.5'), path.join(output, 'libomp.so.5'));
  return output;
}

function openMp() {
  const folder = process.env.INFORM_OPENMP ?? '/usr/lib/llvm-11';
  if (fs.existsSync(path.join(folder, 'lib', 'libomp.so.5'))) return folder;
  throw new Error(`${folder} has no lib/libomp.so.5. Name LLVM's OpenMP runtime in INFORM_OPENMP (docs/install.md).`);
}

/** cmake's settings for zig's compiler. Its C++ library goes into each of our libraries, so only functions that are used stay in them. */
function withZig(zig, openmp) {
  const target = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu.${GLIBC_FLOOR}`;
  const tools = path.join(tree, 'zig');
  fs.mkdirSync(tools, { recursive: true });
  const tool = (name, ...args) => {
    const file = path.join(tools, name);
    fs.writeFileSync(file, `#!/bin/sh\nexec "${zig}" ${args.join(' ')} "$@"\n`, { mode: 0o755 });
    return file;
  };
  const compiler = tool('cc', 'cc', '-target', target);
  const compat = path.join(tools, 'omp-compat.o');
  execFileSync(compiler, ['-O2', '-fPIC', '-c', path.join(import.meta.dirname, 'omp-compat.c'), '-o', compat]);
  const openmpFlags = `-fopenmp -isystem ${path.join(openmp, 'include', 'openmp')}`;
  return [
    `-DCMAKE_C_COMPILER=${compiler}`,
    `-DCMAKE_CXX_COMPILER=${tool('c++', 'c++', '-target', target)}`,
    `-DCMAKE_AR=${tool('ar', 'ar')}`,
    `-DCMAKE_RANLIB=${tool('ranlib', 'ranlib')}`,
    ...['C', 'CXX'].flatMap((language) => [
      `-DCMAKE_${language}_FLAGS=-ffunction-sections -fdata-sections`,
      `-DOpenMP_${language}_FLAGS=${openmpFlags}`,
      `-DOpenMP_${language}_LIB_NAMES=omp`,
    ]),
    `-DOpenMP_omp_LIBRARY=${path.join(openmp, 'lib', 'libomp.so.5')}`,
    ...['SHARED', 'MODULE'].map((kind) => `-DCMAKE_${kind}_LINKER_FLAGS=-Wl,--gc-sections -s ${compat}`),
  ];
}

function cmake(args) {
  execFileSync('cmake', args, { stdio: 'inherit' });
}
