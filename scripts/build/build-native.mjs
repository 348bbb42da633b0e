// Builds the addon and llama.cpp's libraries into build/Release: `npm run build:native`, and what binding.gyp calls.
// `--cuda`, `--vulkan`, `--metal` ask for a GPU backend; without one cmake/backends.cmake takes what it finds.
// Configuring is cheap and always done, so that changed variables take effect; compiling is incremental.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { chosenBackends } from './build-options.mjs';
import { packageRoot } from './paths.mjs';

const cmakeJs = path.join(
  path.dirname(createRequire(import.meta.url).resolve('cmake-js/package.json')),
  'bin',
  'cmake-js',
);
const portable = process.env.INFORM_PORTABLE === '1' ? 'ON' : 'OFF';

// The CMake tree lies outside of build/, which node-gyp empties before it rebuilds.
const common = ['--out', path.join(packageRoot, '.cmake'), '--directory', packageRoot];

const backends = readBackends();
checkTools();
run([
  'configure',
  ...common,
  `--CDINFORM_PORTABLE=${portable}`,
  ...(backends === undefined ? [] : [`--CDINFORM_BACKENDS=${backends}`]),
]);
run(['build', ...common, '--parallel', String(os.availableParallelism()), '--target', 'inform_score']);

function run(args) {
  const { status } = spawnSync(process.execPath, [cmakeJs, '--log-level', 'error', ...args], { stdio: 'inherit' });
  if (status !== 0) {
    console.error('inform-score: the native build failed; the lines above say where.');
    process.exit(1);
  }
}

function readBackends() {
  try {
    return chosenBackends(process.argv.slice(2), process.env);
  } catch (error) {
    console.error(`inform-score: ${error.message}`);
    process.exit(2);
  }
}

/** The tools that npm cannot install, each with the package that brings it. */
function checkTools() {
  const tools = [
    ['cmake', 'Debian/Ubuntu: apt-get install cmake; Homebrew: brew install cmake'],
    ['git', 'Debian/Ubuntu: apt-get install git; Homebrew: brew install git'],
  ];
  if (process.platform !== 'win32') {
    const [compiler] = (process.env.CXX ?? 'c++').split(' '); // CXX may be "ccache g++"
    tools.push([compiler, 'Debian/Ubuntu: apt-get install build-essential; macOS: xcode-select --install']);
  }
  const missing = tools.filter(([tool]) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error);
  for (const [tool, remedy] of missing)
    console.error(`inform-score: the build needs ${tool}, which is missing. ${remedy}`);
  if (missing.length > 0) process.exit(1);
}
