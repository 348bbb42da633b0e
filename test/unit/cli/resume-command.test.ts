import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { programLine, resumeCommand } from '#src/cli/resume-command.js';

const agent = process.env['npm_config_user_agent'];
test.before(() => {
  delete process.env['npm_config_user_agent'];
});
test.after(() => {
  if (agent !== undefined) process.env['npm_config_user_agent'] = agent;
});

function lineOf(...script: string[]): string {
  return programLine(['/usr/bin/node', path.join(...script)]);
}

test('the program is called as it was started, by the package manager that has installed it', () => {
  assert.is(lineOf('/usr/bin/inform-score'), 'inform-score');
  assert.is(lineOf(process.cwd(), 'dist', 'cli', 'bin.js'), `node ${path.join('dist', 'cli', 'bin.js')}`);
  assert.is(lineOf(process.cwd(), 'node_modules', '.bin', 'inform-score'), 'npx inform-score');
  const file = ['node_modules', 'inform-score', 'dist', 'cli', 'bin.js'];
  assert.is(lineOf(process.cwd(), 'node_modules', '.pnpm', 'inform-score@0.1.0', ...file), 'pnpm exec inform-score');
  process.env['npm_config_user_agent'] = 'yarn/4.1.0 npm/? node/v20';
  assert.is(lineOf(process.cwd(), '.yarn', 'unplugged', 'inform-score-npm-0.1.0-1', ...file), 'yarn inform-score');
});

test('to begin anew is not said again', () => {
  assert.is(resumeCommand(['node', '/usr/bin/inform-score', 'a b', '--restart']), "inform-score 'a b'");
});

test.run();
