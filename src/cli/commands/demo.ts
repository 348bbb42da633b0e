import type { CommandModule } from 'yargs';
import type { Finish } from '../finish.js';

/** `inform-score demo` */
export function demoCommand(finish: Finish): CommandModule {
  return {
    command: 'demo',
    describe: 'show what the embedded model makes of a few good, mediocre and bad answers',
    handler: async () => {
      const { runDemo } = await import('../run-demo.js');
      finish(await runDemo());
    },
  };
}
