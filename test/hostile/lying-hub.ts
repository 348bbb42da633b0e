// A hub whose answers are cut, changed, silent or lies: what is called ready has the bytes that it published.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { finished, startCli } from '../support/children/cli.js';
import { HubServer, type Fault } from '../support/hub/hub-server.js';
import { damagedBytes } from '../support/models/damage.js';
import { tinyModel } from '../support/models/tiny-model.js';
import type { Random } from '../support/random.js';
import { requireSentence } from './round.js';

const REPOSITORY = 'owner/model';
/** Retries wait for some seconds; a hub that is silent for good would be waited for longer than a round is worth. */
const PATIENCE_MS = 20_000;

export async function lyingHub(random: Random, folder: string): Promise<void> {
  const model = readFileSync(await tinyModel(path.join(folder, 'tiny.gguf')));
  const hub = await HubServer.start();
  try {
    hub.publish(REPOSITORY, { 'model.gguf': model });
    hub.fault = () => (random.below(3) === 0 ? faultOf(random, model.length) : undefined);
    const child = startCli(['pull', REPOSITORY], {
      HF_ENDPOINT: hub.endpoint,
      HF_HOME: folder,
      HF_HUB_CACHE: path.join(folder, 'hub'),
      INFORM_CACHE_DIR: path.join(folder, 'own'),
      NO_PROXY: '127.0.0.1',
    });
    const done = finished(child);
    const patience = new AbortController();
    void delay(PATIENCE_MS, undefined, { signal: patience.signal }).then(
      () => child.kill('SIGINT'),
      () => undefined,
    );
    const ended = await done;
    patience.abort();
    requireSentence(ended, 'a hub that lies');
    if (ended.code === 0 && sha256(readFileSync(ended.stdout.trim())) !== sha256(model)) {
      throw new Error('a file with other bytes is called ready');
    }
    for (const blob of blobs(path.join(folder, 'hub'))) {
      if (/^[0-9a-f]{64}$/.test(path.basename(blob)) && sha256(readFileSync(blob)) !== path.basename(blob)) {
        throw new Error(`the blob ${path.basename(blob)} has another hash`);
      }
    }
  } finally {
    hub.close();
  }
}

function faultOf(random: Random, bytes: number): Fault {
  const at = random.below(bytes);
  const hostile = '\u001b[31m\u202e';
  return random.pick<Fault>([
    { cutAfter: at },
    { stallAfter: at },
    { corrupt: true },
    { shorterBy: 1 + random.below(100) },
    { ignoreRange: true },
    { status: random.pick([400, 401, 403, 404, 410, 416, 429, 500, 503]), headers: { 'Retry-After': '1' } },
    { status: 302, headers: { Location: random.pick(['file:///etc/passwd', '/', 'ftp://127.0.0.1/', 'http://127.0.0.1:1/']) } },
    { body: random.pick(['', '[', '{}', '[{}]', 'null', `"${hostile}"`, '[{"type":"file","path":"../../x","size":1,"oid":"0"}]']) },
    { body: damagedBytes(Buffer.from('[{"type":"file","path":"model.gguf","size":100,"oid":"00"}]'), random).toString() },
    { answer: (response) => void response.destroy() },
  ]); // prettier-ignore
}

function blobs(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  } catch {
    return []; // nothing was kept
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
