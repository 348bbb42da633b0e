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

function worstOf({ id, answer, a, b, text }: WorstRow): Markup {
  const which = answer === undefined ? `id ${id}` : `id ${id}, ${answer}`;
  return markup`<details>
    <summary><b>${(b - a).toFixed(4)}</b> ${which}: ${a.toFixed(4)} and ${b.toFixed(4)}</summary>
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
