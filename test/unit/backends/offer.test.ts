import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { moduleFile } from '#src/addon/backend-folder.js';
import { findCard, offerBackend, type Hardware } from '#src/backends/offer.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

/** A machine with these files, and with these makers of its cards. */
function machine(files: string[], vendors: string[] = [], platform = 'linux-x64'): Hardware {
  return {
    platform,
    exists: (file) => files.includes(file),
    list: () => vendors.flatMap((_, i) => [`card${i}`, `card${i}-HDMI-A-1`, 'version']),
    read: (file) => vendors[Number(/card(\d+)\/device\/vendor$/.exec(file)?.[1])] ?? '',
  };
}

const NVIDIA = machine(['/proc/driver/nvidia/version', '/dev/nvidia0'], ['0x8086', '0x10de']);

test('cards are seen by their driver or their maker, and offered what can use them', () => {
  assert.equal(findCard(NVIDIA), { what: 'an NVIDIA card', backend: 'cuda' });
  assert.is(findCard(machine(['/dev/nvidia0']))?.backend, 'cuda');
  assert.is(findCard(machine(['/usr/lib/wsl/lib/libcuda.so.1']))?.backend, 'cuda');
  assert.equal(findCard(machine([], ['0x8086', '0x1002'])), { what: 'an AMD card', backend: 'vulkan' });
  assert.is(findCard(machine([], ['0x10de']))?.backend, 'vulkan');
  assert.is(findCard(machine([], ['0x8086', '0x1af4'])), undefined);
  assert.is(findCard(machine([])), undefined);
  // There is no package for these.
  assert.is(findCard(machine(['/dev/nvidia0'], [], 'linux-arm64')), undefined);
});

test('it is said once, and not where the backend is installed', async () => {
  const env = { INFORM_CACHE_DIR: tempFolder() };
  assert.match(
    (await offerBackend(NVIDIA, env)) ?? '',
    /"inform-score backend add cuda" fetches what does \(142\.9 MB\)/,
  );
  assert.is(await offerBackend(NVIDIA, env), undefined);
  // Another card is another offer.
  assert.match((await offerBackend(machine([], ['0x1002']), env)) ?? '', /AMD card .*backend add vulkan/);
  const installed = { INFORM_CACHE_DIR: tempFolder(), INFORM_BACKEND_DIR: tempFolder() };
  fileIn(installed.INFORM_BACKEND_DIR, moduleFile('cuda'), '');
  assert.is(await offerBackend(NVIDIA, installed), undefined);
});

test('where the cache cannot be written it is said all the same', async () => {
  const file = fileIn(tempFolder(), 'file', '');
  mkdirSync(path.join(path.dirname(file), 'other'));
  assert.ok(await offerBackend(NVIDIA, { INFORM_CACHE_DIR: path.join(file, 'below') }));
});

test.run();
