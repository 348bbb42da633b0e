import { suite, test } from 'uvu';

test('one', () => {});
test('two', () => {});
test.skip('three', () => {});
test.run();

const second = suite('second');
second('four', () => {});
second.run();
