// Names and texts that others wrote never reach the terminal as control sequences.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCli } from '../support/children/cli.js';
import { editGguf, testCheckpoint, testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

/** An escape sequence, C1's CSI, a line break, DEL and a mark that turns the direction. */
const HOSTILE = 'a\u001b[31m\u009b31m\nb\u007f\u202ec';
const FOLDER = path.join(tempFolder(), HOSTILE);
mkdirSync(FOLDER);
const inFolder = (name: string): string => path.join(FOLDER, name);

const MODEL = inFolder('model.gguf');
copyFileSync(await testModel('bf16'), MODEL);
const NAMED = await editGguf(MODEL, inFolder('named.gguf'), {
  metadata: (metadata) =>
    new Map([
      ...metadata,
      ['general.name', { type: 'string', value: HOSTILE }],
      [`general.${HOSTILE}`, { type: 'string', value: HOSTILE }],
    ]),
});
const ROWS = inFolder('rows.jsonl');
writeFileSync(
  ROWS,
  [
    { id: HOSTILE, instruction: HOSTILE, output: HOSTILE },
    { id: 2, instruction: HOSTILE, output: 3 },
  ]
    .map((row) => `${JSON.stringify(row)}\n`)
    .join(''),
);
const TEMPLATE = inFolder('template.jinja');
writeFileSync(TEMPLATE, `{{ raise_exception(messages[0].content) }}`);

const COMMANDS: [name: string, args: readonly string[]][] = [
  ['score', [ROWS, '-m', MODEL]],
  [
    'score to a file',
    [ROWS, '-m', MODEL, '-o', inFolder('scores.jsonl'), '--progress', 'plain', '--verbose', '--stats'],
  ],
  ['score, a template that fails', [ROWS, '-m', MODEL, '--chat-template', TEMPLATE]],
  ['score, an option that is none', [ROWS, '-m', MODEL, '--kv-type', HOSTILE]],
  ['score, a file that is not there', [inFolder('none.jsonl'), '-m', MODEL]],
  ['score, a model that is not there', [ROWS, '-m', inFolder('none.gguf')]],
  ['score, a model that is none', [ROWS, '-m', ROWS]],
  ['inspect', ['inspect', MODEL]],
  ['inspect, hostile metadata', ['inspect', NAMED]],
  ['inspect --json', ['inspect', NAMED, '--json']],
  ['plan', ['plan', MODEL]],
  ['plan --json', ['plan', MODEL, '--json']],
  ['attach', ['attach', MODEL, '--head', MODEL, '-o', inFolder('attached.gguf')]],
  ['convert', ['convert', FOLDER, '-o', inFolder('converted.gguf')]],
  ['convert to a hostile name', ['convert', await testCheckpoint(), '-o', inFolder('made.gguf')]],
  ['quantize', ['quantize', MODEL, inFolder('small.gguf'), '--type', 'q8_0']],
  ['merge', ['merge', inFolder('scores.jsonl'), '-o', inFolder('merged.jsonl')]],
  ['pull', ['pull', `owner/${HOSTILE}`]],
  ['a command that is none', [HOSTILE, HOSTILE]],
];

for (const [name, args] of COMMANDS) {
  test(`no control character of others' text is printed: ${name}`, async () => {
    const { stdout, stderr } = await runCli(args, '', { HF_HUB_OFFLINE: '1' });
    const found = /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u.exec(stdout + stderr);
    assert.is(found, null, JSON.stringify(stdout + stderr));
    // A line break in a name starts no line of its own.
    assert.not.match(stdout + stderr, /^b/m, stdout + stderr);
  });
}

test.run();
