import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readAnyConfig } from '#src/options/config.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

// As configs/SkyworkLlamaScorer.yaml and MultiScorer.yaml of the toolkit are laid out.
const HEAD = 'input_path: ../data/in.jsonl\noutput_path: results/x/\nnum_gpu: 4\nnum_gpu_per_job: 1\n';
const INF = '- name: InfOrmScorer\n  batch_size: 8\n  max_length: 1024\n  num_gpu_per_job: 1\n';

function read(text: string): ReturnType<typeof readAnyConfig> {
  return readAnyConfig(fileIn(folder, 'oda.yaml', text));
}

test("the toolkit's configuration as it is", async () => {
  const config = await read(`${HEAD}resume: true\nscorers:\n${INF}- name: DeitaQScorer\n  model: x/y\n`);
  assert.ok('runs' in config);
  assert.equal(config.runs, [
    {
      name: 'InfOrmScorer',
      restart: false,
      options: {
        name: 'InfOrmScorer',
        model: 'infly/INF-ORM-Llama3.1-70B',
        batchSize: 8,
        maxLength: 1024,
        input: ['../data/in.jsonl'],
        output: 'results/x/master_temp/scorer_InfOrmScorer/InfOrmScorer.jsonl',
        map: ['instruction=instruction', 'input=input', 'output=output'],
      },
    },
  ]);
  assert.is(config.pointwise, 'results/x/pointwise_scores.jsonl');
  assert.is(config.notes.length, 3);
  assert.match(config.notes.join('\n'), /num_gpu .*left out.*\n.*DeitaQScorer is skipped.*\n.*bfloat16/);
});

test('what is not known is said, and what makes no sense refused', async () => {
  const config = await read(`${HEAD}other: 1\nscorers:\n${INF}  top_k: 5\n`);
  assert.ok('runs' in config && config.runs.length === 1);
  assert.match(config.notes.join('\n'), /"other" is not known.*[^]*"top_k" of InfOrmScorer is not known/);
  const refused: [text: string, message: RegExp][] = [
    [`${HEAD}scorers: 5\n`, /scorers in .*oda\.yaml must be a list/],
    [`${HEAD}scorers:\n- name: DeitaQScorer\n`, /names no scorer that is scored here/],
    [`${HEAD}scorers:\n${INF}${INF}`, /names InfOrmScorer twice/],
    [`${HEAD}scorers:\n- name: SkyworkLlamaScorer\n`, /SkyworkLlamaScorer in .* names no model/],
    [
      `${HEAD}scorers:\n- name: InfOrmScorer\n  batch_size: many\n`,
      /batch_size of InfOrmScorer in .* must be an integer/,
    ],
    ['input_path: 5\noutput_path: x\nscorers: []\n', /input_path in .* must be a text/],
  ];
  for (const [text, message] of refused) await expectError('INFORM_INVALID_CONFIG', message, () => read(text));
});

test('our own configuration is read as before', async () => {
  assert.equal(await read('max_length: 512\n'), { maxLength: 512 });
});

test.run();
