// Makes the npm packages that this machine can make, and checks them: `npm run package`.
//
//   inform-score                  JavaScript, documentation, and the native sources for machines without a package of their own
//   @inform-score/inform-mini     the embedded model
//   @inform-score/linux-x64, …    addon, llama.cpp's libraries and every CPU variant, for the platform this runs on
//
// The folders and tarballs lie in build/package. INFORM_REPOSITORY (https://host/owner/name) goes into the manifests; scripts/package/native.mjs
// has the variables of the build, docs/install.md the rest.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../build/paths.mjs';
import { checkPackages } from './check.mjs';
import { buildPortable } from './native.mjs';
import { stageMain, stageModel, stagePlatform } from './stage.mjs';

const out = path.join(packageRoot, 'build', 'package');

fs.rmSync(path.join(packageRoot, 'dist'), { recursive: true, force: true });
node(path.join('node_modules', 'typescript', 'bin', 'tsc'), '-b');

const native = buildPortable();
fs.mkdirSync(out, { recursive: true });
const folders = [await stageMain(out), stageModel(out), await stagePlatform(out, native)];
checkPackages(folders);
for (const folder of folders) {
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', out], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
}

function node(...args) {
  execFileSync(process.execPath, args, { cwd: packageRoot, stdio: 'inherit' });
}
