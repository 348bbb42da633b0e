import type { RowRecord } from '../../journal/records.js';

/** A piece of the files that a run writes, each file's in its order. */
export interface OutputPiece {
  to: 'output' | 'rejects';
  data: string | Uint8Array;
}

/** Gives all results, in input order, each time it is called. */
export type ReadResults = () => AsyncIterable<RowRecord>;

/** Makes the files' pieces of the results. */
export type MakePieces = (results: ReadResults) => AsyncIterable<OutputPiece>;

/** A line for each result, and one for each reject, as they stand in the journal. */
export async function* linePieces(results: ReadResults): AsyncGenerator<OutputPiece> {
  for await (const { kind, json } of results())
    yield { to: kind === 'score' ? 'output' : 'rejects', data: `${json}\n` };
}
