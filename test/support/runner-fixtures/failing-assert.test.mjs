import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('right', () => {});
test('wrong', () => {
  assert.is(1, 2, 'one is not two');
});
test.run();
