import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Encoder } from '#src/prompt/encoder.js';
import type { Engine } from '#src/engine/engine.js';
import { InformError } from '#src/errors.js';
import type { ChatTemplate } from '#src/prompt/chat-template.js';
import { TimeLimitError, withTimeLimit } from '#src/util/async/time-limit.js';
import { toMessages } from '#src/input/sample.js';

test('what comes back in time is left alone, and its errors are its own', () => {
  let ran = false;
  withTimeLimit(1000, () => {
    ran = true;
  });
  assert.ok(ran);
  assert.throws(
    () => {
      withTimeLimit(1000, () => {
        throw new InformError('INFORM_INTERNAL', 'mine');
      });
    },
    (error: unknown) => error instanceof InformError && error.message === 'mine',
  );
});

test('what does not come back is ended: loops, and regular expressions', () => {
  const endless = [
    (): void => {
      for (;;);
    },
    (): void => {
      /^(a+)+$/.test(`${'a'.repeat(50)}b`);
    },
    (): void => {
      for (;;) {
        try {
          for (;;);
        } catch {
          continue; // the end cannot be caught
        }
      }
    },
  ];
  for (const task of endless) {
    const start = performance.now();
    assert.throws(
      () => {
        withTimeLimit(50, task);
      },
      (error: unknown) => error instanceof TimeLimitError && /within 0\.05 s/.test(error.message),
    );
    assert.ok(performance.now() - start < 5000);
  }
});

/** A template that never ends for some conversations, with the number of times that each was begun. */
function slowFor(hangs: (content: string, attempt: number) => boolean): { template: ChatTemplate; attempts: number[] } {
  const attempts: number[] = [];
  const render = ([{ content }]: [{ content: string }]): string => {
    const attempt = (attempts[Number(content)] = (attempts[Number(content)] ?? 0) + 1);
    while (hangs(content, attempt));
    return content;
  };
  return { template: { render } as unknown as ChatTemplate, attempts };
}

// One token for each character.
const ENGINE = {
  info: { specialTokens: [] },
  tokenize: (texts: string[]) => Promise.resolve(texts.map((text) => Int32Array.from(text, Number))),
} as unknown as Engine;

async function encodeTen(template: ChatTemplate): Promise<string[]> {
  const encoder = new Encoder(ENGINE, template, { maxLength: 9, specialTokens: 'parse', templateMilliseconds: 100 });
  const samples = Array.from({ length: 10 }, (_, i) => ({ instruction: String(i), output: 'x' }));
  const results = await encoder.encode(samples.map(toMessages));
  return results.map((result) => (result instanceof InformError ? result.code : result.tokens.join('')));
}

test('the samples that a template does not come back from are rejected, each in its place, and no others', async () => {
  const { template } = slowFor((content) => ['0', '4', '9'].includes(content));
  const failed = 'INFORM_TEMPLATE_FAILED';
  assert.equal(await encodeTen(template), [failed, '1', '2', '3', failed, '5', '6', '7', '8', failed]);
});

test('a sample that was interrupted once, as by a machine that slept, is tried again', async () => {
  const { template, attempts } = slowFor((content, attempt) => content === '0' && attempt === 1);
  assert.equal(await encodeTen(template), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  assert.equal(attempts, [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});

test.run();
