import type { CommandModule } from 'yargs';
import type { Finish } from './finish.js';

/** `inform-score demo` */
export function demoCommand(finish: Finish): CommandModule {
  return {
    command: 'demo',
    describe: 'score the samples in examples/ with the embedded model',
    handler: async () => {
      const { runDemo } = await import('../run-demo.js');
      finish(await runDemo());
    },
  };
}
