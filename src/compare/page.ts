import { scatterChart } from '../report/charts.js';
import { markup, type Markup } from '../report/markup.js';
import { figure, pageOf } from '../report/page-frame.js';
import type { Comparison, WorstRow } from './compare.js';
import { tablesOf, type Table } from './tables.js';

/** A comparison as one page that loads nothing and runs nothing. */
export function comparisonPage(comparison: Comparison): string {
  const { files, scores, worst } = comparison;
  return pageOf({
    title: `${files.a} and ${files.b}`,
    about: 'Two files of scores of the same rows.',
    body: [
      figure(scatterChart(files, scores.a, scores.b)),
      ...tablesOf(comparison).map(tableSection),
      markup`<h2>Rows that differ most</h2>`,
      ...worst.map(worstOf),
    ],
  });
}

export function tableSection({ title, head, rows }: Table): Markup {
  return markup`<h2>${title}</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="${title}">
      <table>
        <thead>
          <tr>
            ${head.map((cell) => markup`<th scope="col">${cell}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (cells) =>
              markup`<tr>
                ${cells.map((cell) => markup`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function worstOf({ a, b, ...row }: WorstRow): Markup {
  return rowDetails((which) => markup`<b>${(b - a).toFixed(4)}</b> ${which}: ${a.toFixed(4)} and ${b.toFixed(4)}`, row);
}

/**
 * A row that opens to what was asked and answered.
 *
 * @param summary what stands there before, given the row's name
 */
export function rowDetails(
  summary: (which: string) => Markup,
  { id, answer, text }: Pick<WorstRow, 'id' | 'answer' | 'text'>,
): Markup {
  return markup`<details>
    <summary>${summary(answer === undefined ? `id ${id}` : `id ${id}, ${answer}`)}</summary>
    ${
      text === undefined
        ? ''
        : markup`<p class="soft">asked</p>
            <pre>${text.asked}</pre>
            <p class="soft">answered</p>
            <pre>${text.answered}</pre>`
    }
  </details>`;
}
