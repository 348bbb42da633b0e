import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHECKPOINT_FILES, CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { convertCheckpoint } from '#src/convert/convert.js';
import { InformError } from '#src/errors.js';
import { readGguf } from '#src/gguf/reader.js';
import { convertFolder } from '#src/models/checkpoint-folder.js';
import { expectError } from '../../support/assert/expect-error.js';
import {
  handCheckpoint,
  handOneLayer,
  handSafetensors,
  handTensors,
  handTokenizer,
} from '../../support/models/checkpoint.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

const root = tempFolder();
const posix = process.platform !== 'win32';
let made = 0;

function target(): string {
  return join(root, `${made++}.gguf`);
}

function refused(message: RegExp, folder: string): Promise<InformError> {
  return expectError('INFORM_UNSUPPORTED_MODEL', message, () => convertCheckpoint(folder, target(), { type: 'f32' }));
}

testIf(posix)(
  'a named pipe, or a link to one or to a device, in place of any file is refused and not waited for',
  async () => {
    process.env['INFORM_CACHE_DIR'] = join(root, 'cache');
    const pipe = join(root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const name of [...CHECKPOINT_FILES, 'model.safetensors']) {
      for (const [kind, place] of [
        ['pipe', (path: string) => execFileSync('mkfifo', [path])],
        [
          'link to a pipe',
          (path: string) => {
            symlinkSync(pipe, path);
          },
        ],
        [
          'link to a device',
          (path: string) => {
            symlinkSync('/dev/zero', path);
          },
        ],
      ] as const) {
        const folder = handCheckpoint(root, String(made++));
        rmSync(join(folder, name), { force: true });
        // The index is read where there is no single file.
        if (name === 'model.safetensors.index.json') rmSync(join(folder, 'model.safetensors'));
        place(join(folder, name));
        const error: unknown = await convertFolder(folder, { type: 'f32' }).catch((thrown: unknown) => thrown);
        assert.instance(error, InformError, `${name}: ${kind}`);
        assert.match((error as InformError).message, new RegExp(`${name} is not a regular file`), `${name}: ${kind}`);
      }
    }
  },
);

test('a text is read once, whatever becomes of the file', async () => {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  const files = new CheckpointFiles(folder);
  fileIn(folder, 'config.json', '{"a": 1}');
  assert.equal(await files.json('config.json'), { a: 1 });
  fileIn(folder, 'config.json', '{"a": 2}');
  assert.equal(await files.json('config.json'), { a: 1 });
});

test('an adapter, with and without its config.json', async () => {
  const folder = handCheckpoint(root, String(made++));
  fileIn(folder, 'adapter_config.json', '{"base_model_name_or_path": "owner/base", "peft_type": "LORA"}');
  rmSync(join(folder, 'model.safetensors'));
  fileIn(folder, 'adapter_model.safetensors', handSafetensors({}));
  const sentence = /holds a PEFT adapter of "owner\/base" .*inform-score convert .* --base BASE_FOLDER/;
  await refused(sentence, folder);
  rmSync(join(folder, 'config.json'));
  await refused(sentence, folder);
  await expectError('INFORM_UNSUPPORTED_MODEL', sentence, () => convertFolder(folder, { type: 'f32' }));
});

test('weights in PyTorch files only', async () => {
  for (const name of ['pytorch_model.bin', 'pytorch_model.bin.index.json']) {
    const folder = handCheckpoint(root, String(made++), { files: { [name]: '' } });
    rmSync(join(folder, 'model.safetensors'));
    await expectError('INFORM_INVALID_CHECKPOINT', new RegExp(`its weights in ${name}, and only safetensors`), () =>
      convertCheckpoint(folder, target(), { type: 'f32' }),
    );
  }
});

test('tensors named as inside of a wrapper', async () => {
  for (const [prefix, remedy] of [
    ['module.', 'DistributedDataParallel'],
    ['_orig_mod.', 'torch\\.compile'],
    ['base_model.model.', 'PEFT'],
    ['pretrained_model.', 'TRL'],
  ] as const) {
    const tensors = Object.fromEntries(Object.entries(handTensors()).map(([name, t]) => [`${prefix}${name}`, t]));
    const folder = handCheckpoint(root, String(made++), { tensors });
    await refused(new RegExp(`named "${prefix}…" .*${remedy}.*save_pretrained`), folder);
  }
});

test("a value head among the model's weights, which may be named as inside of TRL's class", async () => {
  const { config, tensors } = handOneLayer();
  const causal = { ...config, architectures: ['MistralForCausalLM'], model_type: 'mistral' };
  const head = { shape: [1, 8], values: [1, -2, 3, -4, 5, -6, 7, -8] };
  const bias = { shape: [1], values: [0.5] };
  const model = Object.entries({ ...tensors, 'lm_head.weight': { shape: [5, 8], values: Array<number>(40).fill(1) } });
  const backbone = model.filter(([name]) => name !== 'score.weight');
  for (const prefix of ['', 'pretrained_model.']) {
    const named = Object.fromEntries(backbone.map(([name, tensor]) => [`${prefix}${name}`, tensor]));
    const withHead = { ...named, 'v_head.summary.weight': head, 'v_head.summary.bias': bias };
    const folder = handCheckpoint(root, String(made++), { config: causal, tensors: withHead });
    const { paths } = await convertCheckpoint(folder, target(), { type: 'f32' });
    const { tensors: written } = await readGguf(paths[0] ?? '');
    const names = written.map(({ name }) => name);
    assert.equal(names.slice(-2), ['cls.output.weight', 'cls.output.bias']);
    assert.not.ok(names.includes('output.weight'));
  }
});

test('the layers of a value head that config.json states', async () => {
  const { config, tensors } = handOneLayer();
  const backbone = Object.entries(handTensors()).filter(([name]) => !name.startsWith('score'));
  const linear = {
    ...Object.fromEntries(backbone),
    'v_head.summary.weight': { shape: [1, 8], values: Array<number>(8).fill(1) },
  };
  const of = (more: object): Record<string, unknown> => ({ ...config, architectures: ['GRewardModel'], ...more });
  const folder = handCheckpoint(root, String(made++), { config: of({ vhead_layer_type: 'linear' }), tensors: linear });
  const { paths } = await convertCheckpoint(folder, target(), { type: 'f32' });
  assert.is((await readGguf(paths[0] ?? '')).tensors.at(-1)?.name, 'cls.output.weight');
  for (const [more, message] of [
    [{ vhead_layer_type: 'conv' }, /vhead_layer_type "conv"; "linear" and "mlp" are known/],
    [{ vhead_layer_type: 'mlp', vhead_num_layers: 2 }, /vhead_num_layers 2; 1 hidden layer can be computed/],
  ] as const) {
    await refused(message, handCheckpoint(root, String(made++), { config: of(more), tensors }));
  }
});

test('a tokenizer that is code of its own, and a vocabulary that llama.cpp cannot read', async () => {
  const folder = handCheckpoint(root, String(made++), {
    tokenizerConfig: { auto_map: { AutoTokenizer: ['tokenization_internlm2.InternLM2Tokenizer', null] } },
  });
  rmSync(join(folder, 'tokenizer.json'));
  await refused(/is code of its own .* and no tokenizer\.json\. .*save_pretrained\(folder\)/, folder);
  const tokenizer = handTokenizer();
  const model = tokenizer['model'] as { vocab: object };
  const withNul = { ...tokenizer, model: { ...model, vocab: { ...model.vocab, '\0': 4 } } };
  await refused(
    /has the token "\\u0000" \(id 4\), which holds the character U\+0000/,
    handCheckpoint(root, String(made++), { tokenizer: withNul }),
  );
});

test('a value head in a file that is not read, or with other tensors', async () => {
  const { config, tensors } = handOneLayer();
  const causal = { ...config, architectures: ['LlamaForCausalLM'] };
  const withBin = handCheckpoint(root, String(made++), { config: causal, tensors, files: { 'value_head.bin': '' } });
  await refused(/its score head in value_head\.bin.*Save it as value_head\.safetensors/, withBin);
  const other = handCheckpoint(root, String(made++), { config: causal, tensors });
  await refused(/is a language model.*with v_head\.summary or a value_head\.safetensors: \(Llama\|/, other);
  const one = { shape: [1], values: [1] };
  fileIn(other, 'value_head.safetensors', handSafetensors({ 'v_head.other': one }));
  await expectError('INFORM_INVALID_CHECKPOINT', /has the tensor "v_head\.other"; v_head\.summary/, () =>
    convertCheckpoint(other, target(), { type: 'f32' }),
  );
});

test.run();
