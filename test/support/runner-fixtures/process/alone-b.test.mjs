import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

// Two files hold this test: it fails when both run at once.
test('nobody else is here', async () => {
  const mark = join(tmpdir(), `inform-score-alone-${process.ppid}`);
  assert.not.ok(existsSync(mark));
  writeFileSync(mark, '');
  await new Promise((resolve) => setTimeout(resolve, 300));
  rmSync(mark);
});
test.run();
