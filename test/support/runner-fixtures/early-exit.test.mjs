import { test } from 'uvu';

test('one', () => {});
test('two', () => process.exit(0));
test('three', () => {});
test.run();
