import { copyFile, truncate } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'uvu';
import { RewardModel } from '#src/index.js';
import { readGguf } from '#src/gguf/reader.js';
import { expectError } from '../support/assert/expect-error.js';
import { testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

test('a model cut off anywhere is refused with one sentence', async () => {
  const model = await testModel('bf16');
  const { dataOffset, fileSize, tensors } = await readGguf(model);
  const lastByte = Math.max(...tensors.map((tensor) => tensor.offset + tensor.byteLength)) - 1;
  const copy = path.join(tempFolder(), 'cut.gguf');
  const cuts = [
    lastByte,
    Math.floor((fileSize + dataOffset) / 2),
    dataOffset + 1,
    Math.floor(dataOffset / 2),
    100,
    24,
    12,
    5,
  ];
  await copyFile(model, copy);
  for (const length of cuts) {
    await truncate(copy, length);
    await expectError('INFORM_INVALID_MODEL_FILE', /cut\.gguf is truncated/, () => RewardModel.load(copy));
  }
});

test.run();
