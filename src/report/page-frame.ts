import { createHash } from 'node:crypto';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { packageVersion } from '../util/package-root.js';
import type { Chart } from './charts.js';
import { markup, trusted, type Markup } from './markup.js';
import { STYLE } from './page-style.js';

export interface PageContent {
  title: string;
  /** A sentence below the title. */
  about: string;
  body: readonly Markup[];
  /** The one script that runs, if there is one. */
  script?: string;
}

/** A page that loads nothing, in one text. Its policy lets only `script` run, whatever stands in the data. */
export function pageOf({ title, about, body, script }: PageContent): string {
  const scripts =
    script === undefined ? '' : `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; `;
  const policy = `default-src 'none'; style-src 'unsafe-inline'; ${scripts}base-uri 'none'; form-action 'none'`;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        <style>${trusted(STYLE)}</style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          <p class="soft">${about} Made by inform-score ${packageVersion()}.</p>
          ${[...body]}
        </main>
        ${script === undefined ? '' : markup`<script>${trusted(script)}</script>`}
      </body>
    </html> `;
  return page.text;
}

export function figure({ svg, label }: Chart): Markup {
  return markup`<figure>
    ${trusted(svg)}
    <figcaption>${label}</figcaption>
  </figure>`;
}

/** @throws InformError INFORM_OUTPUT_UNWRITABLE */
export async function writePage(output: string, text: string): Promise<void> {
  const page = Buffer.from(text);
  await writeFilesAtomically([{ path: output, bytes: page.length }], async ([file]) => {
    if (file !== undefined) await writeFully(file.handle, page);
  });
}
