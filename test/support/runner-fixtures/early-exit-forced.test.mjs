import { test } from 'uvu';

// As when a library calls the system's own exit: no handler of uvu sees it.
test('one', () => process.reallyExit(0));
test.run();
