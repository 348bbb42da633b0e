import { test } from 'uvu';

test.before(() => {
  throw new Error('no fixture');
});
test('one', () => {});
test('two', () => {});
test.run();
