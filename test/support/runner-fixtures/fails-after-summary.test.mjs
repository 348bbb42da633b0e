import { test } from 'uvu';

test('one', () => {
  setTimeout(() => {
    throw new Error('too late to be caught');
  }, 200);
});
test.run();
