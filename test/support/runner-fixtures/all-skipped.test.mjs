import { test } from 'uvu';

test.skip('one', () => {});
test.run();
