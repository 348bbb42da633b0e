import path from 'node:path';
import { packageRoot } from '../../util/package-root.js';
import type { Row } from './layout.js';

export const EXIT_CODES =
  'Exit codes: 0 all scored; 1 failed; 2 wrong usage or configuration; 3 finished, some samples rejected; 75 stopped, start it again; 130 interrupted.';

interface Guide {
  /** Command lines, each with what it does. */
  readonly examples: readonly Row[];
  /** The page of the documentation, as it lies in this package. */
  readonly page: string;
}

/** What the help of a command shows below its flags. */
const GUIDES: Readonly<Record<string, { page: string; examples: readonly Row[] }>> = {
  score: {
    page: 'docs/cli.md',
    examples: [
      ['inform-score demo', 'good, mediocre and bad answers, ranked by the embedded model'],
      ['inform-score data.jsonl -m model.gguf -o scores.jsonl', 'score a file; the same line again resumes it'],
      ['inform-score -c config.yaml data.jsonl', 'score as a configuration file says'],
    ],
  },
  demo: {
    page: 'docs/inform-mini.md',
    examples: [
      ['inform-score demo', 'the table'],
      ['inform-score demo --write samples.jsonl', 'its samples as a file, to try the other commands with'],
    ],
  },
  merge: {
    page: 'docs/reliability.md',
    examples: [['inform-score merge part[1-4].jsonl -o scores.jsonl', 'four parts together']],
  },
  status: {
    page: 'docs/cluster.md',
    examples: [['inform-score status /shared/run1', 'how far, and what to start again']],
  },
  select: {
    page: 'docs/curating.md',
    examples: [
      ['inform-score select data.jsonl scores.jsonl --top 20% -o curated.jsonl', 'the best fifth'],
      ['inform-score select data.jsonl scores.jsonl --top 20% --per source -o curated.jsonl', 'of each source'],
      ['inform-score select answers.jsonl scores.jsonl --pairs --margin 1 -o dpo.jsonl', 'pairs to train on'],
    ],
  },
  report: {
    page: 'docs/curating.md',
    examples: [
      ['inform-score report scores.jsonl --data data.jsonl -o report.html', 'a page with examples of the rows'],
    ],
  },
  explain: {
    page: 'docs/curating.md',
    examples: [['inform-score explain best.manifest.json', 'and whether it still holds']],
  },
  compare: {
    page: 'docs/evaluating.md',
    examples: [
      ['inform-score compare f16.jsonl q4.jsonl --data rows.jsonl', 'two files of scores of the same rows'],
      ['inform-score compare before.jsonl after.jsonl --max-deviation 0.01', 'a check for a script'],
    ],
  },
  'compare-models': {
    page: 'docs/evaluating.md',
    examples: [
      ['inform-score compare-models f16.gguf q4_k_m.gguf data.jsonl -o page.html', 'on 500 of the rows, resumable'],
    ],
  },
  card: {
    page: 'docs/evaluating.md',
    examples: [['inform-score card q4_k_m.gguf rows.jsonl --against f16.gguf -o card.html', 'about a quantized model']],
  },
  evaluate: {
    page: 'docs/evaluating.md',
    examples: [
      ['inform-score evaluate rewardbench filtered.parquet -m model.gguf -o results.json', 'a benchmark'],
      ['inform-score evaluate pairs pairs.jsonl --scores scores.jsonl', 'pairs of your own, scored already'],
    ],
  },
  models: { page: 'docs/models.md', examples: [['inform-score models', 'all of them']] },
  pull: {
    page: 'docs/models.md',
    examples: [
      ['inform-score pull infly/INF-ORM-Llama3.1-70B --type q4_k_m --delete-shards', 'downloads 139 GB, keeps 42 GB'],
    ],
  },
  convert: {
    page: 'docs/models.md',
    examples: [['inform-score convert CHECKPOINT_DIR -o model.gguf --type q4_k_m', 'a checkpoint folder, in one pass']],
  },
  quantize: {
    page: 'docs/quantization.md',
    examples: [['inform-score quantize bf16.gguf q4_k_m.gguf --type q4_k_m', 'the head stays as it is']],
  },
  attach: {
    page: 'docs/models.md',
    examples: [['inform-score attach backbone.gguf --head DIR -o model.gguf', 'the head of a checkpoint folder']],
  },
  inspect: {
    page: 'docs/models.md',
    examples: [['inform-score inspect model.gguf --verify', 'and check its tensors']],
  },
  verify: {
    page: 'docs/models.md',
    examples: [['inform-score verify infly/INF-ORM-Llama3.1-70B', 'beside the score of its card']],
  },
  devices: { page: 'docs/gpu.md', examples: [['inform-score devices --json', 'for programs']] },
  plan: {
    page: 'docs/gpu-plan.md',
    examples: [['inform-score plan infly/INF-ORM-Llama3.1-70B data.jsonl', 'before the download']],
  },
  backend: {
    page: 'docs/gpu.md',
    examples: [
      ['inform-score backend add cuda', 'for NVIDIA cards'],
      ['inform-score backend list', 'what is installed'],
    ],
  },
  build: { page: 'docs/install.md', examples: [['inform-score build --backend cuda', 'with a GPU backend']] },
};

export function guideOf(command: string): Guide {
  const guide = GUIDES[command];
  const page = path.join(packageRoot(), ...(guide?.page ?? 'README.md').split('/'));
  return { examples: guide?.examples ?? [], page };
}
