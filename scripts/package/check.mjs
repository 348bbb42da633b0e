// What must hold of packages before anyone installs them. Throws with a sentence.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { GLIBC_FLOOR } from './native.mjs';

const MAIN_BYTES = 4e6;

/** No source maps, no fuzz corpus, nothing of a build. */
const FORBIDDEN = /\.map$|(^|\/)(fuzz|\.cmake|node_modules)(\/|$)|\.tsbuildinfo$|\.o$/;

export function checkPackages(folders) {
  for (const folder of folders) {
    const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map((entry) => path.join(entry.parentPath, entry.name));
    const wrong = paths.find((file) => FORBIDDEN.test(path.relative(folder, file)));
    if (wrong !== undefined) throw new Error(`${wrong} does not belong into a package.`);
    const bytes = paths.reduce((sum, file) => sum + fs.statSync(file).size, 0);
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    if (manifest.scripts !== undefined) throw new Error(`${manifest.name} has scripts, which installing must not run.`);
    if (manifest.name === 'inform-score' && bytes > MAIN_BYTES) {
      throw new Error(`inform-score has ${bytes} bytes, more than ${MAIN_BYTES}.`);
    }
    console.log(`${manifest.name} ${manifest.version}: ${paths.length} files, ${(bytes / 1e6).toFixed(1)} MB unpacked`);
    if (manifest.libc?.includes('glibc')) checkGlibc(paths);
  }
}

/** Every symbol that the libraries want of the system's C and C++ libraries must be in those that Node 20 itself needs. */
function checkGlibc(paths) {
  const ceiling = { GLIBC: process.env.INFORM_ZIG ? GLIBC_FLOOR : '99', GLIBCXX: '3.4.21', CXXABI: '1.3.9' };
  const found = {};
  for (const file of paths.filter((name) => /\.(node|so|so\.\d+)$/.test(name))) {
    const symbols = execFileSync('objdump', ['-T', file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    for (const [, set, version] of symbols.matchAll(/\*UND\*.*\((GLIBC|GLIBCXX|CXXABI)_([\d.]+)\)/g)) {
      if (process.env.INFORM_ZIG && newer(version, ceiling[set])) {
        throw new Error(`${file} wants ${set}_${version}; ${set}_${ceiling[set]} is the most that may be wanted.`);
      }
      if (found[set] === undefined || newer(version, found[set])) found[set] = version;
    }
  }
  console.log(
    `  needs ${Object.entries(found)
      .map(([set, version]) => `${set} ${version}`)
      .join(', ')}`,
  );
}

function newer(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = left.findIndex((part, i) => part !== (right[i] ?? 0));
  return at >= 0 && left[at] > (right[at] ?? 0);
}
