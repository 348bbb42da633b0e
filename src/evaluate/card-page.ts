import type { Estimate } from '../compare/bootstrap.js';
import { rowDetails, tableSection } from '../compare/page.js';
import { percent, short, shown, type Table } from '../compare/tables.js';
import { scatterChart } from '../report/charts.js';
import { markup, type Markup } from '../report/markup.js';
import { figure, pageOf } from '../report/page-frame.js';
import { counted, formatCount } from '../util/format.js';
import type { Accuracy, Card, ChangedRow } from './card.js';

/** A card as one page that loads nothing and runs nothing. */
export function cardPage(card: Card): string {
  const { models, data, comparison, scores } = card;
  return pageOf({
    title: `${models.model} against ${models.original}`,
    about: `${counted(comparison.rows.matched, 'score')} of ${data}. Ranges hold 95 % of what resamples of the rows give.`,
    body: [
      markup`<h2>Is it still the model that it was made of?</h2>`,
      ...paragraphs(leaderWords(card)),
      ...(card.accuracy === undefined ? [] : [tableSection(accuracyTable(card.accuracy))]),
      markup`<h2>How far are its scores from the original's?</h2>`,
      ...paragraphs(distanceWords(card)),
      figure(scatterChart({ a: 'original', b: 'model' }, scores.a, scores.b)),
      markup`<h2>Which rows does it change?</h2>`,
      ...paragraphs(changeWords(card)),
      ...card.changes.rows.map(changedRow),
      markup`<h2>Do they like long answers alike?</h2>`,
      ...paragraphs(lengthWords(card)),
    ],
  });
}

/** The answers in words, for a terminal. */
export function cardText(card: Card): string {
  const sections = [leaderWords(card), distanceWords(card), changeWords(card), lengthWords(card)];
  return sections.map((sentences) => `${sentences.join(' ')}\n`).join('\n');
}

function paragraphs(sentences: readonly string[]): Markup[] {
  return [markup`<p>${sentences.join(' ')}</p>`];
}

function leaderWords({ accuracy }: Card): string[] {
  if (accuracy === undefined) {
    return [
      'Not answered: nothing in these rows says which answer is right.',
      'Rows with "prompt", "chosen" and "rejected" would; "inform-score evaluate rewardbench" asks it with the pairs of the leaderboard.',
    ];
  }
  const { original, model, difference } = accuracy;
  const found =
    `It finds the right answer in ${ofPart(model.accuracy)} of ${counted(model.items, 'pair')}, the original in ` +
    `${ofPart(original.accuracy)}: a difference of ${points(difference)}.`;
  const { low, high } = difference;
  if (low === null || high === null || (low <= 0 && high >= 0)) {
    return [found, 'With so few pairs no difference can be told.'];
  }
  return [found, high < 0 ? 'It is worse than the original.' : 'It is better than the original, on these pairs.'];
}

function accuracyTable({ original, model }: Accuracy): Table {
  const row = (name: string, { accuracy, ties, margin }: Accuracy['model']): string[] => [
    name,
    ...shown(accuracy, percent),
    formatCount(ties),
    short(margin),
  ];
  return {
    title: 'Right answers',
    head: ['', 'accuracy', '95 % interval', 'ties', 'mean margin'],
    rows: [row('original', original), row('model', model)],
  };
}

function distanceWords({ comparison, spread }: Card): string[] {
  const { deviation, pearson, spearman } = comparison;
  const mean = deviation.mean.value ?? NaN;
  const bias = deviation.bias.value ?? NaN;
  const shift =
    Math.abs(bias) > mean / 2
      ? 'Most of that is one shift that all scores share: the order is kept better than thresholds are.'
      : '';
  return [
    `By ${range(deviation.mean)} on average, which is ${percent(mean / spread)} of the deviation of the original's scores (${short(spread)}); by ` +
      `${short(deviation.largest)} at most, and by less than ${short(deviation.percentile99)} in 99 % of the rows. The bias is ${range(deviation.bias)}.`,
    shift,
    `The scores correlate at ${range(pearson)} (Pearson), their order at ${range(spearman)} (Spearman).`,
  ].filter(Boolean);
}

function changeWords({ changes, comparison }: Card): string[] {
  const { threshold, isNamed, keeps, dropped, added, rows } = changes;
  const total = comparison.rows.matched;
  const kept = isNamed
    ? `From the score ${short(threshold)} on the original keeps ${formatCount(keeps.original)} of ${formatCount(total)} and the model ${formatCount(keeps.model)}.`
    : `Of the best fifth, ${formatCount(keeps.original)} of ${formatCount(total)}, which begins at ${short(threshold)} in the original:`;
  const what = `${formatCount(dropped)} that the original keeps ${dropped === 1 ? 'is' : 'are'} dropped, ${formatCount(added)} that it drops ${added === 1 ? 'is' : 'are'} kept.`;
  const fifth = comparison.top.find(({ share }) => share === 0.2);
  const overlap = isNamed || fifth === undefined ? '' : `In both are ${ofPart(fifth.overlap)}.`;
  const listed =
    rows.length === 0
      ? ''
      : `Those that moved furthest${rows.length < dropped + added ? ` (${rows.length} of ${dropped + added})` : ''} are listed.`;
  return [kept, what, overlap, listed].filter(Boolean);
}

function changedRow({ change, original, model, ...row }: ChangedRow): Markup {
  return rowDetails((which) => markup`<b>${short(original)} → ${short(model)}</b> ${change}: ${which}`, row);
}

function lengthWords({ length }: Card): string[] {
  if (length === undefined) return ['Not answered: the texts of the rows were not found.'];
  const { original, model, remaining } = length;
  return [
    `The original's scores correlate with the length of the answer, as ln(1 + characters), at ${original.correlation.toFixed(3)} (slope ` +
      `${short(original.slope)}), the model's at ${model.correlation.toFixed(3)} (slope ${short(model.slope)}).`,
    `Without what length explains of each, their order correlates at ${range(remaining.spearman)} (Spearman), and ` +
      `${ofPart(remaining.overlap)} of the best fifth are in both.`,
  ];
}

/** "0.31 (0.29 to 0.32)" */
function range(estimate: Estimate): string {
  const [value, interval] = shown(estimate);
  return interval === '' ? value : `${value} (${interval})`;
}

function ofPart(estimate: Estimate): string {
  const [value, interval] = shown(estimate, percent);
  return interval === '' ? value : `${value} (${interval})`;
}

/** A difference of shares, in percentage points with its sign. */
function points({ value, low, high }: Estimate): string {
  const signed = (share: number | null): string =>
    `${(share ?? 0) < 0 ? '-' : '+'}${Math.abs(100 * (share ?? 0)).toFixed(1)}`;
  if (value === null) return 'nothing that is defined';
  return `${signed(value)} points (${signed(low)} to ${signed(high)})`;
}
