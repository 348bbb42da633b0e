// A model against the scores that its card publishes, from a loopback hub.
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sample } from '#src/input/sample.js';
import { toMessages } from '#src/input/sample.js';
import { readGoldens } from '../support/assert/goldens.js';
import { runCli } from '../support/children/cli.js';
import { HubServer } from '../support/hub/hub-server.js';
import { testCheckpoint, testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const FOLDER = tempFolder();
const CHECKPOINT = path.join(FOLDER, 'generated');
cpSync(await testCheckpoint(), CHECKPOINT, { recursive: true });

// What transformers gives for two of the goldens' conversations.
const published = readGoldens()
  .samples.filter(({ truncated, ids }) => !truncated && ids.length < 100)
  .slice(0, 2)
  .map(({ sample, score }) => ({ messages: toMessages(sample as Sample), score }));
writeFileSync(path.join(CHECKPOINT, 'README.md'), cardOf(published.map(({ score }) => score)));

const server = await HubServer.start();
test.after(() => {
  server.close();
});

function cardOf(scores: number[]): string {
  const conversations = published.map(({ messages }, i) => `conv${i + 1} = ${JSON.stringify(messages)}\n`);
  const outputs = scores.map((score, i) => `# Score for response ${i + 1}: ${score}\n`);
  return `# Generated\n\n\`\`\`python\n${conversations.join('')}\n# Output:\n${outputs.join('')}\`\`\`\n`;
}

function caches(name: string): NodeJS.ProcessEnv {
  const folder = path.join(FOLDER, name);
  return {
    HF_ENDPOINT: server.endpoint,
    HF_HUB_CACHE: path.join(folder, 'hub'),
    INFORM_CACHE_DIR: path.join(folder, 'own'),
    NO_PROXY: '127.0.0.1',
  };
}

test('a model of the hub and the file made from it score as the card says', async () => {
  server.publishFolder('owner/generated', CHECKPOINT);
  const env = caches('hub');
  const byId = await runCli(['verify', 'owner/generated', '--tolerance', '0.03'], '', env);
  assert.is(byId.code, 0, byId.stderr);
  assert.match(byId.stdout, /^the card of owner\/generated publishes 2 scores\n/);
  assert.match(byId.stdout, /\nowner\/generated scores as its card says\.\n$/);

  const pulled = await runCli(['pull', 'owner/generated'], '', env);
  const file = await runCli(['verify', pulled.stdout.trim(), '--json'], '', env);
  assert.is(file.code, 0, file.stderr);
  const { card, scores } = JSON.parse(file.stdout) as { card: string; scores: { published: number; score: number }[] };
  assert.is(card, 'the card of owner/generated');
  assert.equal(
    scores.map(({ published: number }) => number),
    published.map(({ score }) => score),
  );
});

test('a file whose scores are others ends with exit code 1 and what to do', async () => {
  const [first = 0, second = 0] = published.map(({ score }) => score);
  const card = fileIn(FOLDER, 'other.md', cardOf([first, second + 3]));
  const { code, stdout } = await runCli(['verify', await testModel('bf16'), '--card', card]);
  assert.is(code, 1);
  assert.match(stdout, /\n2 +[-\d.]+ +[-\d.]+ +-[23]\.\d+ +[\d.]+ +0\.5\d* *\n/);
  assert.match(stdout, /does not score as its card says\. Convert it again/);
});

test('without a card, or one that publishes nothing, a sentence says what to do', async () => {
  const none = await runCli(['verify', await testModel('bf16')]);
  assert.is(none.code, 1);
  assert.match(none.stderr, /does not say which repository it was made from.*--card\. \[INFORM_MODEL_NOT_FOUND\]/);
  const empty = await runCli(['verify', 'demo', '--card', fileIn(FOLDER, 'empty.md', '# Nothing\n')]);
  assert.match(empty.stderr, /empty\.md publishes nothing that can be verified.*\[INFORM_INVALID_CHECKPOINT\]/);
  const wrong = await runCli(['verify', 'demo', '--card', 'x', '--tolerance', 'much']);
  assert.is(wrong.code, 2);
});

test.run();
