import { test } from 'uvu';

test('one', () => {});
