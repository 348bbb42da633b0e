import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { handCheckpoint } from '../support/models/checkpoint.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const root = tempFolder();

/** Runs code in a process that notes every file it opens; gives their names, a folder's only. */
function opened(code: string, folder: string): string[] {
  const list = path.join(root, 'opened');
  fileIn(root, 'opened', '');
  const source = (file: string): string => JSON.stringify(path.join(packageRoot(), 'dist', file));
  const program = fileIn(
    root,
    'program.mjs',
    `
    import { appendFileSync } from 'node:fs';
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    for (const name of ['open', 'readFile']) {
      const original = fs[name];
      fs[name] = (file, ...rest) => {
        appendFileSync(${JSON.stringify(list)}, file + '\\n');
        return original(file, ...rest);
      };
    }
    syncBuiltinESMExports();
    const { convertCheckpoint } = await import(${source('convert/convert.js')});
    const { convertFolder } = await import(${source('models/checkpoint-folder.js')});
    const folder = ${JSON.stringify(folder)};
    ${code}
    `,
  );
  execFileSync(process.execPath, [program], { env: { ...process.env, INFORM_CACHE_DIR: path.join(root, 'cache') } });
  const files = readFileSync(list, 'utf8').split('\n');
  return files.filter((file) => path.dirname(file) === folder).map((file) => path.basename(file));
}

test('a conversion opens each small file of a checkpoint once, and so does a run with a folder', () => {
  for (const [name, code] of [
    ['convert', `await convertCheckpoint(folder, ${JSON.stringify(path.join(root, 'out.gguf'))}, { type: 'f32' });`],
    ['run', `await convertFolder(folder, { type: 'f32' });`],
  ] as const) {
    const folder = handCheckpoint(root, name, { files: { 'README.md': '# A model', 'special_tokens_map.json': '{}' } });
    const names = opened(code, folder);
    const small = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'README.md'];
    for (const file of small) assert.is(names.filter((other) => other === file).length, 1, `${name}: ${file}`);
  }
});

test.run();
