import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { modelCardMetadata } from '#src/convert/model-card.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

async function metadataOf(card: string): Promise<Record<string, unknown>> {
  fileIn(folder, 'README.md', card);
  return Object.fromEntries(
    (await modelCardMetadata(new CheckpointFiles(folder))).map(([key, { value }]) => [key, value]),
  );
}

// Truth: gguf.Metadata.load of llama.cpp v0.5.0 gives all of this, and 'v0.2' as the version of dataset 0.
test("licence, origin, tags and languages, as llama.cpp's converter takes them from this card", async () => {
  const card = `---
license: other
license_name: inf-license
license_link: https://example.com/LICENSE
base_model:
- meta-llama/Llama-3.1-70B-Instruct
- https://huggingface.co/some-owner/v0.2-model
- a model of our own
datasets: Skywork/Skywork-Reward-Preference-80K-v0.2
tags: [reward-model, "3.10"]
pipeline_tag: text-classification
language:
- en
- no
---

# A model
`;
  assert.equal(await metadataOf(card), {
    'general.license': 'other',
    'general.license.name': 'inf-license',
    'general.license.link': 'https://example.com/LICENSE',
    'general.base_model.count': 3,
    'general.base_model.0.name': 'Llama 3.1 70B Instruct',
    'general.base_model.0.organization': 'Meta Llama',
    'general.base_model.0.repo_url': 'https://huggingface.co/meta-llama/Llama-3.1-70B-Instruct',
    'general.base_model.1.name': 'v0.2 Model',
    'general.base_model.1.organization': 'Some Owner',
    'general.base_model.1.repo_url': 'https://huggingface.co/some-owner/v0.2-model',
    'general.base_model.2.name': 'A Model Of Our Own',
    'general.dataset.count': 1,
    'general.dataset.0.name': 'Skywork Reward Preference 80K v0.2',
    'general.dataset.0.organization': 'Skywork',
    'general.dataset.0.repo_url': 'https://huggingface.co/Skywork/Skywork-Reward-Preference-80K-v0.2',
    'general.tags': ['reward-model', '3.10', 'text-classification'],
    'general.languages': ['en', 'no'],
  });
});

test('no card, and cards that say nothing', async () => {
  assert.equal(await modelCardMetadata(new CheckpointFiles(tempFolder())), []);
  for (const card of ['', '# Title', '---\nno end', '---\n---\n', '---\n- a list\n---\n', '\n---\nlicense: x\n---\n']) {
    assert.equal(await metadataOf(card), {}, card);
  }
  assert.equal(
    await metadataOf('---\nlicense:\ntags: []\nlanguage: ~\nbase_model: {a: b}\ndatasets: [[x], null]\n---\n'),
    {},
  );
});

test('line ends, tabs, keys twice', async () => {
  const card = '---\r\nlicense: mit\r\nlicense: apache-2.0\r\ntags:\r\n\t- a\r\n---\r\ntext';
  assert.equal(await metadataOf(card), { 'general.license': 'apache-2.0', 'general.tags': ['a'] });
});

test('what is not plain data is refused, and nothing grows beyond its bounds', async () => {
  for (const broken of ['license: [', 'license: !!js/function "x"', 'a: !custom 1']) {
    fileIn(folder, 'README.md', `---\n${broken}\n---\n`);
    await expectError(
      'INFORM_INVALID_CHECKPOINT',
      /README\.md begins with YAML that cannot be read \(.+\)\. Repair or/,
      () => modelCardMetadata(new CheckpointFiles(folder)),
    );
  }
  const laughs = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}*a${i}]`);
  assert.equal(await metadataOf(`---\na0: &a0 lol\n${laughs.join('\n')}\ntags: *a30\n---\n`), {});
  const many = await metadataOf(`---\ntags: [${'x'.repeat(5000)}${', y'.repeat(5000)}]\n---\n`);
  const tags = many['general.tags'] as string[];
  assert.equal([tags.length, tags[0]?.length], [256, 1000]);
});

test.run();
