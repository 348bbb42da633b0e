// Observable Plot and linkedom, which only draw the charts of a report, go into the one file that uses them: they are 56 packages
// that would be installed for it otherwise.
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../build/paths.mjs';

/** Replaces a compiled file by itself with its packages in it; our own files stay outside. Returns the licences of what went in. */
export async function bundleCharts(file) {
  const { metafile } = await build({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    metafile: true,
    legalComments: 'none',
    absWorkingDir: packageRoot,
    nodePaths: [path.join(packageRoot, 'node_modules')],
    // linkedom's canvas is optional, and nothing here draws on one.
    external: ['canvas'],
    plugins: [{ name: 'own-files-stay', setup: ownFilesStay }],
  });
  const packages = new Set(Object.keys(metafile.inputs).flatMap((input) => packageFolder(input) ?? []));
  return [...packages].sort().map(licenceOf).join('\n');

  function ownFilesStay(bundler) {
    bundler.onResolve({ filter: /^\./ }, ({ importer, path: target }) =>
      importer === file ? { path: target, external: true } : undefined,
    );
  }
}

function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(
    fs.readFileSync(path.join(packageRoot, folder, 'package.json'), 'utf8'),
  );
  const file = fs.readdirSync(path.join(packageRoot, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : fs.readFileSync(path.join(packageRoot, folder, file), 'utf8').trim();
  return `### ${name} ${version} (${license})\n\n${text
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n')}\n`;
}
