import { test } from 'uvu';

test.after.each(() => {
  throw new Error('no clean end');
});
test('one', () => {});
test.run();
