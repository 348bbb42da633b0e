import type { JudgedAnswer } from './examples.js';

const WIDTH = { least: 60, most: 100 };
const COLUMNS = ['  judged  ', 'win rate', '   score'] as const;
const GAP = '  ';

/**
 * Judged answers and their scores as a table: a line for each instruction, below it one for each answer.
 *
 * @param scores in the order of the answers
 * @param width columns of the terminal
 */
export function formatTable(answers: readonly JudgedAnswer[], scores: readonly number[], width: number): string {
  const columns = Math.min(Math.max(width, WIDTH.least), WIDTH.most);
  const taken = COLUMNS.join(GAP).length + GAP.length;
  const lines = [[...COLUMNS, 'answer'].join(GAP)];
  answers.forEach(({ id, instruction, output, win_rate: winRate }, index) => {
    if (instruction !== answers[index - 1]?.instruction) lines.push('', shortened(instruction, columns));
    const cells = [
      `  ${kindOf(id)}`.padEnd(COLUMNS[0].length),
      `${(100 * winRate).toFixed(1)} %`.padStart(COLUMNS[1].length),
      (scores[index] ?? NaN).toFixed(2).padStart(COLUMNS[2].length),
      shortened(output, columns - taken),
    ];
    lines.push(cells.join(GAP));
  });
  return lines.join('\n');
}

/** How many pairs of answers to one instruction there are, and how many of them the scores put in the judge's order. */
export function countOrdered(
  answers: readonly JudgedAnswer[],
  scores: readonly number[],
): { ordered: number; pairs: number } {
  let [ordered, pairs] = [0, 0];
  for (const [i, better] of answers.entries()) {
    for (const [j, worse] of answers.entries()) {
      if (better.instruction !== worse.instruction || better.win_rate <= worse.win_rate) continue;
      pairs++;
      if ((scores[i] ?? NaN) > (scores[j] ?? NaN)) ordered++;
    }
  }
  return { ordered, pairs };
}

function kindOf(id: string): string {
  return id.slice(id.indexOf('-') + 1);
}

const CHARACTERS = new Intl.Segmenter();

/** The text's beginning on one line, at most `length` characters as people count them. */
function shortened(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = Array.from(CHARACTERS.segment(line), ({ segment }) => segment);
  return characters.length <= length ? line : `${characters.slice(0, length - 1).join('')}…`;
}
