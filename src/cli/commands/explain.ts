import type { CommandModule } from 'yargs';
import { counted, formatCount } from '../../util/format.js';
import { ExitCode } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { alignedLines } from '../table.js';
import { printLines, say } from '../terminal.js';

/** `inform-score explain curated.manifest.json` */
export function explainCommand(finish: Finish): CommandModule<object, { manifest: string }> {
  return {
    command: 'explain <manifest>',
    describe: 'tell how a selection was made, and whether its files are still the same',
    builder: (argv) =>
      argv.positional('manifest', {
        type: 'string',
        demandOption: true,
        describe: 'the .manifest.json that select has written',
      }),
    handler: async ({ manifest: file }) => {
      const { explain } = await import('../../curate/explain.js');
      const { manifest, files } = await explain(file);
      printLines(
        alignedLines([
          ['Made by', manifest.made_by],
          ['Kept', `${formatCount(manifest.written)} from ${counted(manifest.rows, 'row')}`],
          ['Criteria', JSON.stringify(manifest.criteria)],
          ...files.map(({ role, path, state }): [string, string] => [role, `${path}: ${state}`]),
        ]),
      );
      if (files.some(({ state }) => state !== 'unchanged')) {
        say('inform-score: not everything is as it was; select again to have a manifest that holds.');
        finish(ExitCode.failed);
      }
    },
  };
}
