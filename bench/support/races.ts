import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkTokens, type Contestant, type TrialResult } from './contestants.js';
import type { Dataset } from './datasets.js';
import { log } from './log.js';
import type { BenchModel } from './models.js';

/** Contestants that run the same data set with the same model. */
export interface Race {
  model: BenchModel;
  dataset: Dataset;
  contestants: readonly Contestant[];
}

/** What a race gave: for each of its contestants that are installed one result a round, in the order of the rounds. */
export interface RaceResults {
  race: Race;
  trials: Map<Contestant, TrialResult[]>;
}

export function resultsOf(race: Race): RaceResults {
  const present = race.contestants.filter((contestant) => contestant.version() !== undefined);
  return { race, trials: new Map(present.map((contestant) => [contestant, []])) };
}

/**
 * Runs every contestant once more, one after the other: whatever else the machine does meanwhile hits them alike. Every
 * other round runs backwards, so that none always follows the same one.
 */
export async function runRound({ race, trials }: RaceResults, threads: number): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-bench-'));
  try {
    const { model, dataset } = race;
    const datasetFile = path.join(folder, 'dataset.json');
    writeFileSync(datasetFile, JSON.stringify(dataset));
    const order = [...trials];
    const round = order[0]?.[1].length ?? 0;
    for (const [contestant, done] of round % 2 === 0 ? order : order.toReversed()) {
      const trial = await contestant.run({ model, dataset, datasetFile, folder, threads });
      checkTokens(contestant, dataset, trial);
      done.push(trial);
      const rate = (trial.tokens / trial.seconds).toFixed(1);
      const others = trial.othersShare === undefined ? '' : `, others ${(100 * trial.othersShare).toFixed(0)} %`;
      log(`${model.name}, ${dataset.name}, ${contestant.id}, round ${round + 1}: ${rate} tokens/s${others}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
