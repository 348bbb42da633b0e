import type { CommandModule } from 'yargs';
import { shellWord } from '../../util/shell-word.js';
import { OVERWRITE } from '../shared-flags.js';
import { printLines, say } from '../terminal.js';

const DEFAULT_COLUMNS = 100;

const WHAT_IT_IS = `The model is inform-mini: INF-ORM's architecture in 13 million weights, trained on 33,900 such answers (3,500 more chose the weights)
to show that everything works. It has learned style more than truth, and is no judge of your data (docs/inform-mini.md).`;

interface DemoArguments {
  write: string | undefined;
  overwrite: boolean;
}

/** `inform-score demo`: scores judged answers with the embedded model and prints them as a table. */
export const demoCommand: CommandModule<object, DemoArguments> = {
  command: 'demo',
  describe: 'show what the embedded model makes of a few good, mediocre and bad answers',
  builder: (argv) =>
    argv
      .option('write', {
        alias: ['o', 'output'],
        type: 'string',
        requiresArg: true,
        describe: 'write the samples to this file, JSON Lines, in place of scoring them',
      })
      .option('overwrite', OVERWRITE),
  handler: async ({ write, overwrite }) => {
    if (write !== undefined) {
      await writeSamples(write, overwrite);
      return;
    }
    const [{ readExamples }, { countOrdered, formatTable }, { DEMO }, { programLine }, { RewardModel }, { runTask }] =
      await Promise.all([
        import('../demo/examples.js'),
        import('../demo/table.js'),
        import('../../models/embedded-model.js'),
        import('../resume-command.js'),
        import('../../scoring/reward-model.js'),
        import('../task.js'),
      ]);
    await runTask(async ({ signal }) => {
      const answers = await readExamples();
      await using model = await RewardModel.load(DEMO, { signal });
      const scores: number[] = [];
      for await (const { score } of model.scoreAll(answers, { signal })) scores.push(score);
      const { ordered, pairs } = countOrdered(answers, scores);
      const columns = process.stdout.isTTY ? process.stdout.columns : DEFAULT_COLUMNS;
      const program = programLine(process.argv);
      printLines(`${formatTable(answers, scores, columns)}

The scores put ${ordered} of ${pairs} pairs in the order of the judge, GPT-4, who compared each answer to one of a strong model.
${WHAT_IT_IS}

The samples as a file:  ${program} demo --write samples.jsonl
Scores as JSON Lines:   ${program} samples.jsonl -m ${DEMO}
Your own data:          ${program} data.jsonl -m ${DEMO} -o scores.jsonl
`);
    });
  },
};

async function writeSamples(file: string, overwrite: boolean): Promise<void> {
  const [{ copyExamples }, { DEMO }, { programLine }] = await Promise.all([
    import('../demo/examples.js'),
    import('../../models/embedded-model.js'),
    import('../resume-command.js'),
  ]);
  await copyExamples(file, overwrite);
  say(`${file}: 15 judged answers. Score them with: ${programLine(process.argv)} ${shellWord(file)} -m ${DEMO}`);
}
