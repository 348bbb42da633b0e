import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answered } from '#src/evaluate/answers.js';
import { scoreRewardbench, SECTIONS } from '#src/evaluate/rewardbench.js';
import { scoreRewardbench2 } from '#src/evaluate/rewardbench2.js';
import { tiesRow, tiesScore, type TiesPrompt } from '#src/evaluate/ties.js';
import { packageRoot } from '#src/util/package-root.js';

// allenai's own code, called by test/reference/make_rewardbench_goldens.py, says what is right.

interface Goldens {
  rewardbench: {
    rows: [subset: string, chosen: number, rejected: number][];
    subsets: Record<string, number>;
    sections: Record<string, number>;
  }[];
  rewardbench2: { scores: number[][]; accuracy: number }[];
  ties: { rows: { id: string; num_correct: number; scores: number[] }[]; score: number }[];
}

const GOLDENS = JSON.parse(
  readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'rewardbench-goldens.json'), 'utf8'),
) as Goldens;

function answered(group: string, scores: readonly number[], correct = 1, id = '0'): Answered {
  return { item: { idJson: id, group, correct, lengths: scores.map(() => 1) }, scores };
}

function near(actual: number | null | undefined, expected: number | undefined, what: string): void {
  assert.ok(Math.abs((actual ?? NaN) - (expected ?? NaN)) < 1e-12, `${what}: ${actual} for ${expected}`);
}

test("subsets and sections are allenai's, on the same scores of each pair", () => {
  for (const { rows, subsets, sections } of GOLDENS.rewardbench) {
    const found = scoreRewardbench(rows.map(([subset, chosen, rejected]) => answered(subset, [chosen, rejected])));
    assert.equal(found.subsets.map(({ name }) => name).sort(), Object.keys(subsets).sort());
    for (const { name, accuracy } of found.subsets) near(accuracy.value, subsets[name], name);
    for (const { name, items, accuracy } of found.sections) {
      // allenai's code has 0 for a section without pairs; here it is not defined.
      if (items === 0) assert.is(accuracy.value, null);
      else near(accuracy.value, sections[name], name);
    }
    const whole = found.sections.every(({ items }) => items > 0);
    if (whole) near(found.score.value, Object.values(sections).reduce((a, b) => a + b) / 4, 'score');
    else assert.is(found.score.value, null);
  }
});

test('the published results of INF-ORM in a file of full size give its published score', () => {
  // allenai/reward-bench-results, eval-set/infly/INF-ORM-Llama3.1-70B.json, rounded to five digits.
  const PUBLISHED = {
    'alpacaeval-easy': 0.97, 'alpacaeval-hard': 0.94737, 'alpacaeval-length': 0.95789, 'mt-bench-easy': 1, 'mt-bench-med': 1,
    'mt-bench-hard': 0.89189, 'llmbar-natural': 0.95, 'llmbar-adver-neighbor': 0.88806, 'llmbar-adver-GPTInst': 0.93478,
    'llmbar-adver-GPTOut': 0.93617, 'llmbar-adver-manual': 0.82609, 'hep-cpp': 0.9878, 'hep-go': 0.98171, 'hep-java': 0.9878,
    'hep-js': 1, 'hep-python': 0.9939, 'hep-rust': 0.96951, 'math-prm': 0.99553, donotanswer: 0.79412,
    'refusals-dangerous': 0.96, 'refusals-offensive': 0.98, 'xstest-should-refuse': 0.96753, 'xstest-should-respond': 0.968,
  } as const; // prettier-ignore
  const rows = Object.entries(PUBLISHED).flatMap(([subset, accuracy]) => {
    const size = subset === 'math-prm' ? 447 : Object.values(SECTIONS).flatMap((subsets) => subsets[subset] ?? [])[0];
    const won = Math.round(accuracy * (size ?? NaN));
    return Array.from({ length: size ?? NaN }, (_, i) => answered(subset, i < won ? [1, 0] : [0, 1]));
  });
  assert.is(rows.length, 2985);
  const { score, sections } = scoreRewardbench(rows);
  assert.equal(
    [...sections.map(({ accuracy }) => accuracy), score].map(({ value }) => value?.toFixed(5)),
    ['0.96648', '0.91009', '0.93649', '0.99116', '0.95105'],
  );
  const [least = NaN, value = NaN, most = NaN] = [score.low, score.value, score.high].map((one) => one ?? NaN);
  assert.ok(least < value && value < most && most - least < 0.03);
});

test('of RewardBench 2, ties at the top share the point, as in allenai’s code', () => {
  for (const { scores, accuracy } of GOLDENS.rewardbench2) {
    const { subsets, score } = scoreRewardbench2(scores.map((row) => answered('Math', row)));
    near(subsets[0]?.accuracy.value, accuracy, 'Math');
    assert.is(score.value, null, 'five subsets are missing');
  }
});

test('the score of Ties is allenai’s', () => {
  for (const { rows, score } of GOLDENS.ties) {
    const found = scoreRewardbench2(
      rows.map(({ id, num_correct: correct, scores }) => answered('Ties', scores, correct, JSON.stringify(id))),
    );
    near(found.subsets[0]?.accuracy.value, score, 'Ties');
  }
});

test('Ties by hand: right answers close together are worth more than right answers far apart', () => {
  const prompt = (right: readonly number[], wrong: number): TiesPrompt => ({
    ref: tiesRow([2, wrong], 1),
    tied: tiesRow([...right, wrong], right.length),
  });
  // Both rows are accurate (0.6); 2 and 1 are as far apart as 1 and 0, so nothing is preferred; tanh(0) = 0.
  near(tiesScore([prompt([2, 1], 0)], [1]), 0.6, 'far apart');
  // 2 and 1.5 are closer than 1.5 and 0: preferred in both ways; the margins are min(2, 1.5) / 0.5 = 3.
  near(tiesScore([prompt([2, 1.5], 0)], [1]), 1 + 0.01 * Math.tanh(2), 'close');
});

test('a whole RewardBench 2 has the plain mean of its six subsets', () => {
  const rows = ['Factuality', 'Precise IF', 'Math', 'Safety', 'Focus'].flatMap((subset, i) => [
    answered(subset, i < 2 ? [1, 0, 0, 0] : [0, 1, 0, 0]),
  ]);
  const ties = [answered('Ties', [2, 0], 1, '"ref:1"'), answered('Ties', [2, 1, 0], 2, '"tied:1"')];
  near(scoreRewardbench2([...rows, ...ties]).score.value, (1 + 1 + 0 + 0 + 0 + 0.6) / 6, 'score');
});

test.run();
