// Writes src/options/model-options.ts out of the option table: an interface whose members carry their help, which editors show. A
// mapped type has no place for that. Run it after a change of the table and `tsc -b`; test/unit/options/model-options.test.ts asks for it.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../build/paths.mjs';

const file = path.join(packageRoot, 'src', 'options', 'model-options.ts');
const { MODEL_OPTIONS } = await import(pathToFileURL(path.join(packageRoot, 'dist', 'options', 'table.js')).href);

/** The file's text, by the table. */
export function modelOptionsText() {
  const members = MODEL_OPTIONS.map(({ key, kind, fallback, help }) => {
    const text = `${help[0].toUpperCase()}${help.slice(1)}.${fallback === undefined ? '' : ` Default: ${JSON.stringify(fallback)}.`}`;
    return `  /** ${text} */\n  ${key}: ${typeOf(kind)}${fallback === undefined ? ' | undefined' : ''};\n`;
  });
  return `// Written by scripts/dev/write-model-options.mjs out of the option table; change that.

/** Options of \`RewardModel.load\`; all optional there. */
export interface ModelOptions {
${members.join('')}}
`;
}

function typeOf(kind) {
  switch (kind.type) {
    case 'choice':
      return kind.choices.map((choice) => `'${choice}'`).join(' | ');
    case 'integer':
      return kind.auto ? "number | 'auto'" : 'number';
    case 'boolean':
    case 'string':
      return kind.type;
    case 'shares':
      return 'readonly number[]';
    default:
      return 'readonly string[]';
  }
}

if (process.argv[1] === import.meta.filename) fs.writeFileSync(file, modelOptionsText());
