import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { cardOf, type Card } from './card.js';
import { cardPage } from './card-page.js';
import { scoreBoth, type ScoreBothOptions } from './score-both.js';

export interface CardCommandOptions extends Omit<ScoreBothOptions, 'first' | 'second' | 'outputs'> {
  /** The model that the card is of. */
  model: string;
  /** The one that it was made of. */
  against: string;
  threshold: number | undefined;
  /** The page; the same as JSON and the scores go beside it. */
  output: string;
}

/**
 * Scores some rows with a model and the one that it was made of, and writes what that says of the model: a page, and the same as JSON.
 *
 * @throws InformError as `scoreFiles` and `compare` do
 */
export async function writeCard({
  model,
  against,
  threshold,
  output,
  ...both
}: CardCommandOptions): Promise<{ card: Card; files: string[] }> {
  const json = `${output.replace(/\.html$/, '')}.json`;
  const scored = await scoreBoth({ ...both, first: against, second: model, outputs: [output, json] });
  const { rows, first, second, tidy } = scored;
  const models = { original: against, model };
  const card = await cardOf({ models, data: both.data, rows, original: first, model: second, threshold });
  const texts = [cardPage(card), `${JSON.stringify({ ...card, scores: undefined }, null, 2)}\n`].map((text) =>
    Buffer.from(text),
  );
  const files = [output, json].map((path, i) => ({ path, bytes: texts[i]?.length ?? 0 }));
  await writeFilesAtomically(files, async (temporaries) => {
    for (const [i, { handle }] of temporaries.entries()) await writeFully(handle, texts[i] ?? Buffer.alloc(0));
  });
  await tidy();
  return { card, files: [output, json, first, second] };
}
