import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatStats } from '#src/cli/stats-text.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';

function statsOf(tokensComputed: number, engineSeconds: number): PipelineStats {
  const stats = new PipelineStats();
  stats.tokensComputed = tokensComputed;
  stats.tokensSeen = 2 * tokensComputed;
  stats.elapsed = 2 * engineSeconds;
  stats.seconds.engine = engineSeconds;
  return stats;
}

test('what the engine did stands beside what the plan expected', () => {
  const text = formatStats(statsOf(3000, 2), 2000);
  assert.match(text, /^Against plan +1,500 tokens\/s while the engine worked, 0\.75 of the 2,000 /m);
  assert.match(text, /^Sharing factor +2\.000 /m);
});

test('a run that computed nothing has no such line', () => {
  assert.not.match(formatStats(new PipelineStats(), 2000), /Against plan/);
});

test.run();
