import type { CommandModule } from 'yargs';
import { printLines } from '../terminal.js';

const DEFAULT_COLUMNS = 100;

const WHAT_IT_IS = `The model is inform-mini: INF-ORM's architecture in 13 million weights, trained on 33,900 such answers (3,500 more chose the weights)
to show that everything works. It has learned style more than truth, and is no judge of your data (docs/inform-mini.md).`;

/** `inform-score demo`: scores judged answers with the embedded model and prints them as a table. */
export const demoCommand: CommandModule = {
  command: 'demo',
  describe: 'show what the embedded model makes of a few good, mediocre and bad answers',
  handler: async () => {
    const [
      { EXAMPLES, readExamples },
      { countOrdered, formatTable },
      { DEMO },
      { programLine },
      { RewardModel },
      { runTask },
    ] = await Promise.all([
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

The same scores as JSON Lines:  ${program} ${EXAMPLES} -m ${DEMO}
Your own data:                  ${program} data.jsonl -m ${DEMO} -o scores.jsonl
`);
    });
  },
};
