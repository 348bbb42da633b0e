import { suite, test } from 'uvu';

test('one', () => {});
test.run();

const forgotten = suite('forgotten');
forgotten('two', () => {
  throw new Error('never seen');
});
