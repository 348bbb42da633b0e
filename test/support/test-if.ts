import { test } from 'uvu';

/** Like `test` where the machine has what a test needs, and like `test.skip` elsewhere. */
export function testIf(possible: boolean): (name: string, run: () => void | Promise<void>) => void {
  return (name, run) => {
    if (possible) test(name, run);
    else test.skip(name, run);
  };
}
