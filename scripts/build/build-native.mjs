// Builds the addon and llama.cpp's libraries: `npm run build:native` in a clone, `inform-score build` in an installed package.
//
//   --cuda, --vulkan, --metal   a GPU backend; without one cmake/backends.cmake takes what it finds
//   --tree FOLDER               where cmake works; without it .cmake of the package
//   --output FOLDER             where addon and libraries go; without it build/Release of the package
//
// Configuring is cheap and always done, so that changed variables take effect; compiling is incremental.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { chosenBackends } from './build-options.mjs';
import { missingTools } from './build-tools.mjs';
import { packageRoot } from './paths.mjs';

const require = createRequire(import.meta.url);
const { tree, output, backends } = readArguments();

const missing = missingTools();
for (const { tool, remedy } of missing) {
  console.error(`inform-score: the build needs ${tool}, which is missing. ${remedy}`);
}
if (missing.length > 0) process.exit(1);

const headers = require('node-api-headers');
const definitions = {
  CMAKE_BUILD_TYPE: 'Release',
  INFORM_OUTPUT_DIR: output,
  INFORM_PORTABLE: process.env.INFORM_PORTABLE === '1' ? 'ON' : 'OFF',
  ...(backends === undefined ? {} : { INFORM_BACKENDS: backends }),
  INFORM_NODE_API: [headers.include_dir, path.dirname(require.resolve('node-addon-api/package.json'))].join(';'),
  INFORM_NODE_API_DEF: headers.def_paths.node_api_def,
};
const jobs = ['--parallel', String(os.availableParallelism()), '--target', 'inform_score'];
const cmakeJs = findCmakeJs();
if (cmakeJs === undefined) {
  run('cmake', ['-S', packageRoot, '-B', tree, ...generator(), ...defined('-D')]);
  run('cmake', ['--build', tree, '--config', 'Release', ...jobs]);
} else {
  const common = ['--out', tree, '--directory', packageRoot, '--log-level', 'error'];
  run(process.execPath, [cmakeJs, 'configure', ...common, ...defined('--CD')]);
  run(process.execPath, [cmakeJs, 'build', ...common, ...jobs]);
}

/** A clone builds with cmake-js; an installed package does without its dependencies, of which most users need none. */
function findCmakeJs() {
  try {
    return path.join(path.dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js');
  } catch {
    return undefined;
  }
}

function defined(flag) {
  return Object.entries(definitions).map(([name, value]) => `${flag}${name}=${value}`);
}

function readArguments() {
  const folders = { tree: path.join(packageRoot, '.cmake'), output: path.join(packageRoot, 'build', 'Release') };
  const flags = process.argv.slice(2);
  for (const name of Object.keys(folders)) {
    const at = flags.indexOf(`--${name}`);
    if (at >= 0) folders[name] = path.resolve(flags.splice(at, 2)[1]);
  }
  try {
    return { ...folders, backends: chosenBackends(flags, process.env) };
  } catch (error) {
    console.error(`inform-score: ${error.message}`);
    process.exit(2);
  }
}

/** Ninja where it is to be had, else what cmake takes; a tree keeps the one that it was made with. */
function generator() {
  if (process.platform === 'win32' || process.env.CMAKE_GENERATOR) return [];
  if (fs.existsSync(path.join(tree, 'CMakeCache.txt'))) return [];
  return spawnSync('ninja', ['--version'], { stdio: 'ignore' }).error ? [] : ['-G', 'Ninja'];
}

function run(program, args) {
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status === 0) return;
  console.error('inform-score: the native build failed; the lines above say where.');
  process.exit(1);
}
