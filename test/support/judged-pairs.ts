/** An answer with what a judge thinks of it. */
export interface Judged {
  instruction_id: number;
  /** 0..1, against a fixed strong baseline. */
  win_rate: number;
}

/** Pairs of answers to one instruction whose win rates are further apart than this are clear. */
const CLEAR_GAP = 0.3;

/** Of all clear pairs, the part whose better answer has the higher score; equal scores count half. */
export function pairAccuracy(
  answers: readonly Judged[],
  scores: readonly number[],
): { accuracy: number; pairs: number } {
  const groups = new Map<number, number[]>();
  for (const [index, { instruction_id: id }] of answers.entries()) groups.set(id, [...(groups.get(id) ?? []), index]);
  let [hits, pairs] = [0, 0];
  for (const group of groups.values()) {
    for (const better of group) {
      for (const worse of group) {
        if ((answers[better]?.win_rate ?? NaN) - (answers[worse]?.win_rate ?? NaN) <= CLEAR_GAP) continue;
        pairs++;
        hits += (Math.sign((scores[better] ?? NaN) - (scores[worse] ?? NaN)) + 1) / 2;
      }
    }
  }
  return { accuracy: hits / pairs, pairs };
}
