import { scatterChart, type Chart } from '../report/charts.js';
import { markup, trusted, type Markup } from '../report/markup.js';
import { STYLE } from '../report/page-style.js';
import { packageVersion } from '../util/package-root.js';
import type { Comparison, WorstRow } from './compare.js';
import { tablesOf, type Table } from './tables.js';

/** A comparison as one page that loads nothing and runs nothing. */
export function comparisonPage(comparison: Comparison): string {
  const { files, scores, worst } = comparison;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${files.a} and ${files.b}</title>
        <style>${trusted(STYLE)}</style>
      </head>
      <body>
        <main>
          <h1>${files.a} and ${files.b}</h1>
          <p class="soft">Two files of scores of the same rows. Made by inform-score ${packageVersion()}.</p>
          ${figure(scatterChart(files, scores.a, scores.b))} ${tablesOf(comparison).map(tableOf)}
          <h2>Rows that differ most</h2>
          ${worst.map(worstOf)}
        </main>
      </body>
    </html> `;
  return page.text;
}

function tableOf({ title, head, rows }: Table): Markup {
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

function figure({ svg, label }: Chart): Markup {
  return markup`<figure>
    ${trusted(svg)}
    <figcaption>${label}</figcaption>
  </figure>`;
}
