import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { readRows } from '#src/input/rows.js';
import { packageRoot } from '#src/util/package-root.js';
import { damagedBytes } from '../../support/models/damage.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

// Damaged tables and compressed files, from a fixed seed: rows, or one error by name; no crash, no hang, no more rows than could be.

const SEED = Number(process.env['INFORM_FUZZ_SEED'] ?? 20261128);
const ROUNDS = Number(process.env['INFORM_FUZZ_ROUNDS'] ?? 12);
const folder = tempFolder();

const { files } = JSON.parse(
  gunzipSync(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'table-files.json.gz'))).toString(),
) as { files: { name: string; bytes: string }[] };

for (const { name, bytes } of files) {
  test(`damaged: ${name}`, async () => {
    const whole = Buffer.from(bytes, 'base64');
    const random = new Random(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const damaged = Buffer.from(damagedBytes(whole, random));
      const file = fileIn(folder, 'damaged', damaged);
      let rows = 0;

      try {
        for await (const row of readRows([file], { maxLineBytes: 2 ** 20 })) {
          assert.is(row.row, rows++);
          assert.ok(rows < 100_000, `round ${round}: rows without end`);
        }
      } catch (error) {
        if (!(error instanceof InformError)) throw new Error(`round ${round} of ${name}`, { cause: error });
        assert.is(error.code, 'INFORM_INPUT_UNREADABLE');
      }
    }
  });
}

test.run();
