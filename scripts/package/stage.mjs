// The packages' folders, as npm packs them.
import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../build/paths.mjs';
import { bundleCharts } from './bundle.mjs';

const manifest = JSON.parse(fs.readFileSync(path.join(packageRoot, 'package.json'), 'utf8'));
const { version, license } = manifest;

/** Yarn's Plug'n'Play leaves packages zipped, and native code opens files that are. */
const UNPACKED = { preferUnplugged: true };

/** What the main package holds of a clone. */
const PARTS = [
  ...['dist', 'docs', 'configs', 'examples', 'README.md', 'CHANGELOG.md', 'NOTICE.md', 'LICENSE'],
  // For a build where no package fits.
  ...['native', 'cmake', 'CMakeLists.txt', 'scripts/build'],
];
const LEFT_OUT = [/^native\/(fuzz|test)\//, /\.tsbuildinfo$/, /\.js\.map$/];

/** The main package. Installing it runs no script: what it needs of native code is a package of its own, or built when it is needed. */
export async function stageMain(out) {
  const { PLATFORMS, packageOf } = await fromDist('addon/platforms.js');
  const { MODEL_PACKAGE } = await fromDist('models/embedded-model.js');
  const folder = emptied(path.join(out, 'inform-score'));
  for (const part of PARTS) {
    fs.cpSync(path.join(packageRoot, part), path.join(folder, part), {
      recursive: true,
      filter: (source) => isPacked(path.relative(packageRoot, source).split(path.sep).join('/')),
    });
  }
  keepReachableTypes(path.join(folder, 'dist'));
  const licences = await bundleCharts(path.join(folder, 'dist', 'report', 'charts.js'));
  fs.appendFileSync(path.join(folder, 'NOTICE.md'), `\n## In dist/report/charts.js\n\n${licences}`);
  const { name, description, type, engines, bin, main, types, exports, dependencies, keywords } = manifest;
  writeManifest(folder, {
    ...{ name, version, description, license, keywords, ...addresses(), type, engines, bin, main, types, exports },
    dependencies: { ...dependencies, [MODEL_PACKAGE]: version },
    ...UNPACKED,
    optionalDependencies: Object.fromEntries(PLATFORMS.map((platform) => [packageOf(platform), version])),
  });
  return folder;
}

/** The embedded model: 20 MB that never change with the code, so that a new version of the main package is small. */
export function stageModel(out) {
  const folder = emptied(path.join(out, 'inform-mini'));
  fs.copyFileSync(path.join(packageRoot, 'models', 'inform-mini.gguf'), path.join(folder, 'inform-mini.gguf'));
  fs.copyFileSync(path.join(packageRoot, 'docs', 'inform-mini.md'), path.join(folder, 'README.md'));
  fs.copyFileSync(path.join(packageRoot, 'NOTICE.md'), path.join(folder, 'NOTICE.md'));
  writeManifest(folder, {
    ...{ name: '@inform-score/inform-mini', version, description: "inform-score's embedded model, a demonstration" },
    ...{ license: 'Apache-2.0', ...addresses(), files: ['inform-mini.gguf', 'NOTICE.md'] },
    ...UNPACKED,
  });
  return folder;
}

/** The package for the platform that this runs on. */
export async function stagePlatform(out, native) {
  const { packageOf, platformsFor, libcName } = await fromDist('addon/platforms.js');
  const libc = libcName()?.split(' ')[0];
  const platform = platformsFor(process.platform, process.arch).find((one) => one.libc === libc);
  if (!platform) throw new Error(`There is no package for ${process.platform}-${process.arch}.`);
  const name = packageOf(platform);
  const folder = emptied(path.join(out, name.split('/')[1]));
  const libraries = fs.readdirSync(native).filter((file) => /\.(node|so|so\.\d+|dylib|dll)$/.test(file));
  for (const file of [...libraries, 'LICENSE.llama.cpp'])
    fs.copyFileSync(path.join(native, file), path.join(folder, file));
  fs.copyFileSync(path.join(packageRoot, 'LICENSE'), path.join(folder, 'LICENSE'));
  if (libraries.includes('libomp.so.5')) {
    fs.copyFileSync(
      path.join(packageRoot, 'scripts', 'package', 'LICENSE.libomp'),
      path.join(folder, 'LICENSE.libomp'),
    );
  }
  fs.writeFileSync(
    path.join(folder, 'README.md'),
    `The native part of inform-score ${version} for ${name.split('/')[1]}.\n`,
  );
  writeManifest(folder, {
    ...{ name, version, description: `inform-score's native part for ${name.split('/')[1]}`, license, ...addresses() },
    ...{ os: [platform.os], cpu: [platform.cpu], ...(platform.libc ? { libc: [platform.libc] } : {}), ...UNPACKED },
  });
  return folder;
}

function isPacked(file) {
  return !LEFT_OUT.some((pattern) => pattern.test(file) || pattern.test(`${file}/`));
}

/** Declarations are for those who import the package: of the others nothing is ever read. */
function keepReachableTypes(dist) {
  const reachable = new Set();
  const visit = (file) => {
    if (reachable.has(file)) return;
    reachable.add(file);
    for (const [, target] of fs.readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g)) {
      visit(path.resolve(path.dirname(file), `${target}.d.ts`));
    }
  };
  visit(path.join(dist, 'index.d.ts'));
  for (const name of fs.readdirSync(dist, { recursive: true })) {
    const file = path.join(dist, name);
    if (file.endsWith('.d.ts') && !reachable.has(file)) fs.rmSync(file);
    // Without source maps beside them these lines lead nowhere.
    else if (file.endsWith('.js'))
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'));
  }
}

/** Where the repository is, which only those who publish know. */
function addresses() {
  const url = process.env.INFORM_REPOSITORY;
  if (!url) return {};
  return {
    repository: { type: 'git', url: `git+${url}.git` },
    homepage: `${url}#readme`,
    bugs: { url: `${url}/issues` },
  };
}

function writeManifest(folder, content) {
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(content, null, 2)}\n`);
}

function emptied(folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

function fromDist(file) {
  return import(path.join(packageRoot, 'dist', file));
}
