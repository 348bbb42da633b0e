import * as assert from 'uvu/assert';
import { type ErrorCode, InformError } from '#src/errors.js';

/** Runs what must fail and checks that it fails with this code and a message that matches. */
export async function expectError(
  code: ErrorCode,
  message: RegExp | string,
  action: () => unknown,
): Promise<InformError> {
  let thrown: unknown;
  let returned = false;
  try {
    await action();
    returned = true;
  } catch (error) {
    thrown = error;
  }
  assert.not.ok(returned, `expected ${code}, but nothing was thrown`);
  if (!(thrown instanceof InformError)) throw thrown;
  assert.is(thrown.code, code);
  if (typeof message === 'string') assert.is(thrown.message, message);
  else assert.match(thrown.message, message);
  return thrown;
}
