import { InformError } from '../errors.js';
import { jsonLine } from '../util/files/file-errors.js';
import { bestOf, worstOf, type AnswerScores } from './answer-scores.js';
import type { Candidate } from './candidates.js';
import type { ScoredRow } from './scored-rows.js';
import type { TextReader } from './text.js';

/** The row as it stands in the input, on one line: in JSON a line end stands between values only. */
export function rowLine({ row }: ScoredRow): string {
  return `${(row.text ?? '').replaceAll(/[\r\n]+/g, ' ')}\n`;
}

export function decisionLine(number: number, { idJson }: ScoredRow, decision: Candidate): string {
  const { score, value, dropped, rank, of } = decision;
  const members: [string, string][] = [
    ['row', String(number)],
    ['id', idJson],
    ['score', JSON.stringify(Number.isNaN(score) ? null : score)],
    ['kept', String(dropped === undefined)],
  ];
  if (value !== score && !Number.isNaN(value)) members.push(['score_without_length', JSON.stringify(value)]);
  if (rank > 0) members.push(['rank', String(rank)], ['of', String(of)]);
  if (dropped !== undefined) members.push(['reason', JSON.stringify(dropped.reasonOf(decision))]);
  return jsonLine(members);
}

/** A row with several answers as a conversation with the best of them. */
export function bestAnswerLine(scored: ScoredRow, reader: TextReader): string {
  const best = bestOf(valuesOf(scored));
  return jsonLine([
    ['id', scored.idJson],
    ['messages', JSON.stringify(conversationOf(scored, best, reader))],
    ['score', JSON.stringify(valuesOf(scored)[best])],
    ['answer', nameOf(scored.scores, best)],
  ]);
}

/**
 * A pair as trainers for direct preference optimization read it: the prompt's turns, and the two answers as a turn each. Of a row with
 * several answers the best and the worst, whatever the data calls them.
 */
export function pairLine(chosen: ScoredRow, rejected: ScoredRow, reader: TextReader): string {
  const [best, worst] = [bestOf(valuesOf(chosen)), worstOf(valuesOf(rejected))];
  const turns = conversationOf(chosen, best, reader);
  const members: [string, string][] = [
    ['prompt', JSON.stringify(turns.slice(0, -1))],
    ['chosen', JSON.stringify(turns.slice(-1))],
    ['rejected', JSON.stringify(conversationOf(rejected, worst, reader).slice(-1))],
    ['chosen_id', chosen.idJson],
    ['rejected_id', rejected.idJson],
    ['score_chosen', JSON.stringify(valuesOf(chosen)[best])],
    ['score_rejected', JSON.stringify(valuesOf(rejected)[worst])],
  ];
  if (chosen === rejected) {
    members.push(['chosen_answer', nameOf(chosen.scores, best)], ['rejected_answer', nameOf(chosen.scores, worst)]);
  }
  return jsonLine(members);
}

function valuesOf({ scores }: ScoredRow): readonly number[] {
  return scores?.values ?? [];
}

/** How the data calls an answer: by its field, or by its place in the list. As JSON. */
function nameOf(scores: AnswerScores | undefined, answer: number): string {
  return scores?.answers === 'pair' ? JSON.stringify(answer === 0 ? 'chosen' : 'rejected') : String(answer);
}

function conversationOf({ row }: ScoredRow, answer: number, reader: TextReader): { role: string; content: string }[] {
  const conversations = row.ok ? reader.conversationsOf(row.value) : [];
  return conversations instanceof InformError ? [] : (conversations[answer] ?? []);
}
