import { test } from 'uvu';

test('one', () => {});
test.run();
test('two', () => {
  throw new Error('never seen');
});
