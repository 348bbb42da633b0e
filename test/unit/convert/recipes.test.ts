import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BACKBONES } from '#src/convert/backbones.js';
import { RECIPES, refusalOf, type Recipe } from '#src/convert/recipes.js';
import { ARCHITECTURES } from '#src/gguf/backbones.js';
import { packageRoot } from '#src/util/package-root.js';
import { tableIn } from '../../support/markdown-table.js';

function read(...parts: string[]): string {
  return readFileSync(path.join(packageRoot(), ...parts), 'utf8');
}

/** The cells of a row of the list in docs/models.md. */
function documented({
  className,
  backbone,
  head,
  headFile,
  headNameKey,
  normalized,
  reads,
  suffixToken,
  example,
}: Recipe): string[] {
  const { hidden, output, rowOfToken } = head;
  const name = headNameKey === undefined ? `\`${output}\`` : `as \`${headNameKey}\` says`;
  const layers = hidden === undefined ? name : `\`${hidden}\`, ReLU, ${name}`;
  const how = `${rowOfToken === true ? ', one row: `--reward-token`' : ''}${normalized === true ? '; `mean`, `std`' : ''}`;
  const where = headFile === undefined ? '' : `, also in \`${headFile}\``;
  return [`\`${className}\``, backbone, layers + where + how, readAt(reads, suffixToken), example];
}

function readAt(reads: Recipe['reads'], suffix: Recipe['suffixToken']): string {
  if (suffix === undefined) return reads.replaceAll('_', ' ');
  return `suffix token ${typeof suffix === 'string' ? `\`${suffix}\`` : suffix}`;
}

test('the list in docs/models.md is that of the recipes', () => {
  assert.equal(tableIn(read('docs', 'models.md'), 'class'), RECIPES.map(documented));
});

test('engine and converter know the same architectures, and a backbone for each', () => {
  const source = read('native', 'engine', 'gguf', 'model_header.cpp');
  const [, list = ''] = /constexpr std::array architectures = \{([^}]*)\}/.exec(source) ?? [];
  assert.equal(
    list.split(',').map((name) => name.trim().replaceAll('"', '')),
    [...ARCHITECTURES],
  );
  const used = new Set(Object.values(BACKBONES).map(({ architecture }) => architecture));
  assert.equal([...used].sort(), [...ARCHITECTURES].sort());
});

test('a refusal says why, and what can be converted', () => {
  const text = refusalOf('SomethingElse');
  for (const { className } of RECIPES) assert.ok(text.includes(className.replace('ForCausalLM', '')), className);
  assert.ok(text.length < 600); // a path stands before it, and a message has 700 characters at most
  assert.match(refusalOf('LlamaForRewardModelWithGating'), /^has several objectives/);
  assert.match(refusalOf('FalconForCausalLM'), /^is a language model/);
  assert.match(refusalOf('Gemma3ForSequenceClassification'), /^has an image tower/);
});

test.run();
