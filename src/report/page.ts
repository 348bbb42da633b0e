import { formatCount } from '../util/format.js';
import { shellWord } from '../util/shell-word.js';
import { distributionChart, groupChart, lengthCharts, overlayChart, short } from './charts.js';
import { measureOf, type ScoredSet } from './collect.js';
import type { Example, ExampleAnswer, Examples } from './examples.js';
import { markup, scriptJson, type Markup } from './markup.js';
import { figure, pageOf } from './page-frame.js';
import { SCRIPT } from './page-script.js';
import { spreadOf, thresholdsOf, type Spread } from './statistics.js';

const STEPS = 200;
const MOST_GROUPS_DRAWN = 30;
const MOST_REASONS = 20;

export interface ReportContent {
  /** The first one is shown in full, the others beside it. */
  sets: readonly [ScoredSet, ...ScoredSet[]];
  data: string | undefined;
  examples: Examples | undefined;
}

/** The report as one page that loads nothing. */
export function reportPage({ sets, data, examples }: ReportContent): string {
  const [set, ...others] = sets;
  return pageOf({
    title: `Scores of ${set.name}`,
    about: `${data === undefined ? 'Without the data that was scored' : `Data: ${data}`}.`,
    script: SCRIPT,
    body: [
      factsOf(set),
      distribution(set, data),
      ...(others.length === 0 ? [] : [sideBySide(sets)]),
      ...(set.lengths.length === 0 ? [] : [lengthSection(set)]),
      ...(set.groupField === undefined ? [] : [groupSection(set, set.groupField)]),
      ...(examples === undefined || examples.prompts.length === 0 ? [] : [promptSection(examples)]),
      ...(examples === undefined ? [] : [exampleSection(examples)]),
      ...(set.cut === undefined ? [] : [cutSection(set, set.cut, examples)]),
      ...(set.missing.size === 0 ? [] : [missingSection(set)]),
    ],
  });
}

function factsOf({ answers, scores, rows }: ScoredSet): Markup {
  const { mean, median, deviation, min, max } = spreadOf(scores);
  const facts: [string, string][] = [
    [answers === 'pair' ? 'pairs scored' : 'rows scored', formatCount(scores.length)],
    ['without a score', formatCount(rows - scores.length)],
    ...chosenWins(answers, scores),
    ['mean', short(mean)],
    ['median', short(median)],
    ['standard deviation', short(deviation)],
    ['lowest to highest', `${short(min)} to ${short(max)}`],
  ];
  return markup`<dl class="facts">
    ${facts.map(
      ([term, value]) =>
        markup`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function chosenWins(answers: ScoredSet['answers'], scores: readonly number[]): [string, string][] {
  if (answers !== 'pair') return [];
  const share = scores.filter((margin) => margin > 0).length / scores.length;
  return [['chosen scores higher', `${(100 * share).toFixed(1)} %`]];
}

function distribution(set: ScoredSet, data: string | undefined): Markup {
  const { name, answers, scores, lengths } = set;
  const thresholds = thresholdsOf(scores, lengths, STEPS);
  const { positions, ...chart } = distributionChart(set, thresholds);
  const files = data === undefined ? shellWord(name) : `${shellWord(data)} ${shellWord(name)}`;
  const values = {
    thresholds: thresholds.map(({ score, rows, characters }, i) => [score, rows, characters, positions[i] ?? 0]),
    rows: scores.length,
    characters: lengths.reduce((sum, length) => sum + length, 0),
    command: `inform-score select ${files} --min THRESHOLD -o curated.jsonl`,
  };
  return markup`<h2>Distribution</h2>
    ${answers === 'one' ? '' : markup`<p>A row counts by its ${measureOf(answers)}, here and in <code>select</code>.</p>`}
    ${figure(chart)}
    <p>
      <label for="slider">Where to cut: which scores stay?</label>
      <input id="slider" type="range" min="0" max="${STEPS}" value="${STEPS / 2}" />
    </p>
    <p id="kept" role="status"></p>
    <code class="command" id="command"></code>
    <script type="application/json" id="thresholds">${scriptJson(values)}</script>`;
}

function sideBySide(sets: ReportContent['sets']): Markup {
  return markup`<h2>Side by side</h2>
    ${figure(overlayChart(sets))}
    ${spreadTable(
      'scores',
      sets.map(({ name, scores }) => ({ name, spread: spreadOf(scores) })),
    )}`;
}

function lengthSection(set: ScoredSet): Markup {
  const { charts, model } = lengthCharts(set);
  return markup`<h2>Score and length</h2>
    <p>
      Pearson's correlation of the score with ln(1 + characters) is ${model.correlation.toFixed(3)}; by least squares a
      score rises by ${model.slope.toFixed(3)} for each unit of it. Darker cells hold more rows, the line is the median.
      <code>select --length-bias</code> ranks by what is left below.
    </p>
    ${charts.map(figure)}`;
}

function groupSection({ answers, scores, groups, groupNames }: ScoredSet, field: string): Markup {
  const members = groupNames.map(() => [] as number[]);
  for (const [i, group] of groups.entries()) members[group]?.push(scores[i] ?? 0);
  const spreads = groupNames
    .map((name, i) => ({ name, spread: spreadOf(members[i] ?? []) }))
    .sort((a, b) => b.spread.median - a.spread.median);
  return markup`<h2>By ${field}</h2>
    ${spreads.length > MOST_GROUPS_DRAWN ? '' : figure(groupChart(measureOf(answers), field, spreads))} ${spreadTable(field, spreads)}`;
}

function spreadTable(head: string, rows: readonly { name: string; spread: Spread }[]): Markup {
  const columns = ['rows', 'mean', 'lowest', 'quarter', 'median', 'three quarters', 'highest'];
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Scores by ${head}, as a table">
    <table>
      <thead>
        <tr>
          <th scope="col">${head}</th>
          ${columns.map((column) => markup`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ name, spread: { count, mean, min, quarter, median, threeQuarters, max } }) =>
            markup`<tr>
              <td>${name}</td>
              <td>${formatCount(count)}</td>
              ${[mean, min, quarter, median, threeQuarters, max].map((value) => markup`<td>${short(value)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function promptSection({ prompts }: Examples): Markup {
  return markup`<h2>Prompts whose answers differ most</h2>
    ${prompts.map(
      ({ answers, turns, best, worst }) =>
        markup`<details>
          <summary>
            <b>${short(best.score - worst.score)}</b> between ${formatCount(answers)} answers: ${startOf(turns)}
          </summary>
          ${turnsOf(turns)}${answersOf([
            { ...best, name: 'best answer' },
            { ...worst, name: 'worst answer' },
          ])}
        </details>`,
    )}`;
}

function exampleSection({ best, median, worst }: Examples): Markup {
  const part = (title: string, examples: readonly Example[]): Markup =>
    markup`<h3>${title}</h3>
      ${toRead(examples)}`;
  return markup`<h2>To read</h2>
    ${part('Best', best)}${part('In the middle', median)}${part('Worst', worst)}`;
}

function toRead(examples: readonly Example[]): Markup[] {
  return examples.map(
    (example) =>
      markup`<details>
        <summary><b>${short(example.score)}</b> id ${example.idJson}: ${startOf(example.turns)}</summary>
        ${turnsOf(example.turns)}${answersOf(example.answers)}
      </details>`,
  );
}

/** What was scored of these rows is not all of them, so their scores say less. */
function cutSection({ scores }: ScoredSet, cut: readonly number[], examples: Examples | undefined): Markup {
  if (cut.length === 0) {
    return markup`<h2>Cut rows</h2>
      <p>No row was longer than max_length.</p>`;
  }
  const places = new Set(cut);
  const spreads = [
    { name: 'cut', spread: spreadOf(cut.map((place) => scores[place] ?? 0)) },
    { name: 'whole', spread: spreadOf(scores.filter((_, place) => !places.has(place))) },
  ];
  return markup`<h2>Cut rows</h2>
    <p>
      ${formatCount(cut.length)} of ${formatCount(scores.length)} rows (${((100 * cut.length) / scores.length).toFixed(1)} %) were
      longer than max_length, and what is beyond it was not scored.
    </p>
    ${spreadTable(
      'sequence',
      spreads.filter(({ spread }) => spread.count > 0),
    )}
    ${examples === undefined ? '' : toRead(examples.cut)}`;
}

function answersOf(answers: readonly ExampleAnswer[]): Markup[] {
  return answers.map(
    ({ name, score, text }) =>
      markup`<p class="soft">${answers.length === 1 ? name : `${name}: ${short(score)}`}</p>
        <pre>${text}</pre>`,
  );
}

function turnsOf(turns: Example['turns']): Markup[] {
  return turns.map(
    ({ role, content }) =>
      markup`<p class="soft">${role}</p>
        <pre>${content}</pre>`,
  );
}

function startOf(turns: Example['turns']): string {
  const text = turns.findLast(({ role }) => role === 'user')?.content ?? '';
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

function missingSection({ missing }: ScoredSet): Markup {
  const reasons = [...missing.values()].sort((a, b) => b.rows - a.rows).slice(0, MOST_REASONS);
  return markup`<h2>Rows without a score</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Why rows have no score">
      <table>
        <thead>
          <tr>
            <th scope="col">reason</th>
            <th scope="col">rows</th>
          </tr>
        </thead>
        <tbody>
          ${reasons.map(
            ({ reason, rows }) =>
              markup`<tr>
                <td>${reason}</td>
                <td>${formatCount(rows)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
