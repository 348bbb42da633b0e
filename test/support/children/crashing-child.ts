// The engine's process as src/supervisor/child.ts is, except that some samples end it: those whose text holds
// `CRASH <signal>`, where `while tokenizing` follows before they are tokenized, else when they are evaluated, and where
// `in company` follows only together with others. `CRASH now and then` ends it while it evaluates, once for each file name
// that follows. Where INFORM_TEST_TOO_LONG is set, every sequence of so many tokens or more ends it, as where memory is short.
// test/process/supervisor.test.ts scores with it.

import { existsSync, writeFileSync, writeSync } from 'node:fs';
import { Encoder } from '#src/prompt/encoder.js';
import { Engine } from '#src/engine/engine.js';
import type { Batch } from '#src/engine/batch.js';

console.log('{"id": "a line on standard output", "score": 0}');

const TOO_LONG = Number(process.env['INFORM_TEST_TOO_LONG'] ?? Infinity);

interface Deadly {
  text: string;
  tokens: Int32Array;
}

const deadly: Deadly[] = [];

const encode = Reflect.get(Encoder.prototype, 'encode');
Encoder.prototype.encode = async function (samples, seconds) {
  const texts = samples.map((sample) => JSON.stringify(sample));
  for (const text of texts) if (text.includes('while tokenizing')) die(text);
  const encoded = await encode.call(this, samples, seconds);
  for (const [i, text] of texts.entries()) {
    const result = encoded[i];
    if (text.includes('CRASH') && result !== undefined && 'tokens' in result) {
      deadly.push({ text, tokens: result.tokens });
    }
  }
  return encoded;
};

const evaluate = Reflect.get(Engine.prototype, 'evaluate');
Engine.prototype.evaluate = function (batch, signal) {
  const sequences = sequencesOf(batch);
  if (sequences.some((sequence) => sequence.split(',').length >= TOO_LONG)) die('');
  for (const { text, tokens } of deadly) {
    const isHere = sequences.includes(tokens.join());
    if (isHere && (sequences.length > 1 || !text.includes('in company'))) die(text);
  }
  return evaluate.call(this, batch, signal);
};

function sequencesOf({ tokens, shared, tails }: Batch): string[] {
  const sequences: number[][] = [];
  let at = 0;
  for (const [i, tail] of tails.entries()) {
    sequences.push([...(sequences[i - 1] ?? []).slice(0, shared[i]), ...tokens.subarray(at, (at += tail))]);
  }
  return sequences.map((sequence) => sequence.join());
}

function die(text: string): void {
  const [, signal] = /CRASH (SIG[A-Z]+)/.exec(text) ?? [];
  const [, once] = /CRASH now and then (\S+?)["\s]/.exec(text) ?? [];
  if (once !== undefined) {
    if (existsSync(once)) return;
    writeFileSync(once, '');
  }
  writeSync(2, 'some/file.c:42: GGML_ASSERT(sample != bad) failed\n');
  process.kill(process.pid, signal ?? 'SIGKILL');
  // Signals to oneself are delivered before this returns, except where they are ignored.
  process.abort();
}

await import('#src/supervisor/child.js');
