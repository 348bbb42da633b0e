import { test } from 'uvu';

test('one', () => {
  setTimeout(() => {}, 60_000);
});
test.run();
