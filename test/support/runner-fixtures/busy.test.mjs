import { test } from 'uvu';

test('one', () => {
  const end = Date.now() + 60_000;
  while (Date.now() < end);
});
test.run();
