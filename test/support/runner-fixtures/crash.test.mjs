import { test } from 'uvu';

test('one', () => process.abort());
test.run();
