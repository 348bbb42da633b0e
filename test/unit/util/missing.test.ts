import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkInputs } from '#src/input/source.js';
import { missingPath } from '#src/models/missing-path.js';
import { readTemplateFile } from '#src/models/template-file.js';
import { doesNotExist } from '#src/util/files/missing.js';
import { expectError } from '../../support/assert/expect-error.js';

test('what is missing at a relative path says where it was looked for', async () => {
  assert.is(doesNotExist('data.jsonl'), `does not exist in ${process.cwd()}`);
  assert.is(doesNotExist(path.resolve('data.jsonl')), 'does not exist');
  const here = /nowhere\/x does not exist in .+\./;
  await expectError('INFORM_INPUT_UNREADABLE', here, () => checkInputs(['nowhere/x']));
  await expectError('INFORM_TEMPLATE_FAILED', /cannot be read: it does not exist in .+\./, () =>
    readTemplateFile('nowhere/x'),
  );
  assert.match(missingPath('nowhere/x', undefined).message, here);
});

test.run();
