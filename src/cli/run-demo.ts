import { EXAMPLES, readExamples } from './demo/examples.js';
import { countOrdered, formatTable } from './demo/table.js';
import { ExitCode } from './exit-codes.js';
import { onInterrupt } from './interrupt.js';
import { DEMO } from '../models/resolve.js';
import { programLine } from './resume-command.js';
import { RewardModel } from '../scoring/reward-model.js';

const DEFAULT_COLUMNS = 100;

const WHAT_IT_IS = `The model is inform-mini: INF-ORM's architecture in 13 million weights, trained on 33,900 such answers to show that
everything works. It has learned style more than truth, and is no judge of your data (docs/inform-mini.md).`;

/** Scores judged answers with the embedded model and prints them as a table. Resolves to the exit code. */
export async function runDemo(): Promise<number> {
  const interrupt = onInterrupt();
  try {
    const answers = await readExamples();
    await using model = await RewardModel.load(DEMO, { signal: interrupt.signal });
    const scores: number[] = [];
    for await (const { score } of model.scoreAll(answers, { signal: interrupt.signal })) scores.push(score);
    const { ordered, pairs } = countOrdered(answers, scores);
    const columns = process.stdout.isTTY ? process.stdout.columns : DEFAULT_COLUMNS;
    const program = programLine(process.argv);
    process.stdout.write(`${formatTable(answers, scores, columns)}

The scores put ${ordered} of ${pairs} pairs in the order of the judge, GPT-4, who compared each answer to one of a strong model.
${WHAT_IT_IS}

The same scores as JSON Lines:  ${program} ${EXAMPLES} -m ${DEMO}
Your own data:                  ${program} data.jsonl -m ${DEMO} -o scores.jsonl
`);
  } finally {
    interrupt.release();
  }
  return ExitCode.done;
}
