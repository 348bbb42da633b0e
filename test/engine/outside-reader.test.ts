import { gguf as readWithHuggingFace, type GGUFTensorInfo } from '@huggingface/gguf';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConversionType } from '#src/gguf/model-types.js';
import { readGguf } from '#src/gguf/reader.js';
import { GGUF_VALUE_TYPES } from '#src/gguf/types.js';
import { testModel } from '../support/models/models.js';

// The judge of what we write, and of how we read it, is Hugging Face's own reader for JavaScript. What PyPI's `gguf` reads,
// with the tensors' bytes, is compared by test/reference/compare_readers.py.

for (const type of ['bf16', 'q4_k_m'] as const satisfies ConversionType[]) {
  test(`@huggingface/gguf reads of our ${type} file what we read of it`, async () => {
    const path = await testModel(type);
    const ours = await readGguf(path);
    const theirs = await readWithHuggingFace(path, { typedMetadata: true, allowLocalFile: true });

    const { version, tensor_count: tensorCount, kv_count: valueCount, ...entries } = theirs.typedMetadata;
    assert.is(version.value, ours.version);
    assert.is(Number(tensorCount.value), ours.tensors.length);
    assert.is(Number(valueCount.value), ours.metadata.size);
    assert.equal(Object.keys(entries), [...ours.metadata.keys()]);
    for (const [key, { value, type: valueType, subType }] of Object.entries(entries)) {
      const mine = ours.metadata.get(key);
      assert.is(mine?.type, GGUF_VALUE_TYPES[valueType], key);
      if (mine?.type !== 'array') {
        assert.is(typeof value === 'bigint' ? Number(value) : value, mine?.value, key);
      } else {
        assert.is(mine.element, subType === undefined ? undefined : GGUF_VALUE_TYPES[subType], key);
        // assert.equal would compare 280,000 strings one by one through its differ.
        assert.is(JSON.stringify(value), JSON.stringify([...(mine.value ?? [])]), key);
      }
    }

    const infoOf = ({ name, shape, dtype, offset }: GGUFTensorInfo): unknown[] => [
      name,
      shape.map(Number),
      dtype,
      Number(theirs.tensorDataOffset) + Number(offset),
    ];
    assert.equal(
      theirs.tensorInfos.map(infoOf),
      ours.tensors.map(({ name, shape, type: { id }, offset }) => [name, shape, id, offset]),
    );
  });
}

test.run();
