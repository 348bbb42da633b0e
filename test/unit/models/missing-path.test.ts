import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { askForMissing } from '#src/models/missing-path.js';
import { resolveModel } from '#src/models/resolve.js';
import { expectError } from '../../support/assert/expect-error.js';

test('an address or a tag in place of an id is answered with the id', async () => {
  const named = (model: string, message: RegExp): Promise<unknown> =>
    expectError('INFORM_MODEL_NOT_FOUND', message, () => resolveModel(model, { type: 'f16' }));
  const byId = /does not exist\. A model of the hub is named by its id: infly\/INF-ORM-Llama3\.1-70B\.$/;
  await named('https://huggingface.co/infly/INF-ORM-Llama3.1-70B', byId);
  await named('https://huggingface.co/infly/INF-ORM-Llama3.1-70B/tree/main', byId);
  await named('hf.co/infly/INF-ORM-Llama3.1-70B', byId);
  await named('bartowski/m-GGUF:Q4_K_M', /named by its id: bartowski\/m-GGUF, and its type apart from it: q4_k_m\.$/);
  await named('hf.co/bartowski/m-GGUF:Q4_K_M', /bartowski\/m-GGUF, and its type apart from it: q4_k_m\.$/);
  for (const path of ['./modle', 'no/such/folder/x', 'https://example.com/a/b', 'modle.gguf'])
    await named(path, /does not exist(?: in .+)?\. Check the path of the model\.$/);
});

test('whatever the hub answers, the sentence says that nothing of that name is here', async () => {
  for (const code of ['INFORM_MODEL_NOT_FOUND', 'INFORM_DOWNLOAD_FAILED'] as const) {
    const ask = (): Promise<string> => Promise.reject(new InformError(code, 'The hub says no.'));
    await expectError(
      code,
      'The hub says no. There is no file or folder ckpts/rm here either: if a path was meant, check it.',
      () => askForMissing('ckpts/rm', ask),
    );
  }
  const full = new InformError('INFORM_OUTPUT_UNWRITABLE', 'The disk is full.');
  assert.is(await askForMissing('a/b', () => Promise.reject(full)).catch((error: unknown) => error), full);
  assert.is(await askForMissing('a/b', () => Promise.resolve('m.gguf')), 'm.gguf');
});

test.run();
