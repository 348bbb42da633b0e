import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { physicalCores, quotaOfContainer } from '#src/util/physical-cores.js';
import { tempFolder } from '../../support/temp-folder.js';

function controlGroup(files: Record<string, string>): string {
  const root = tempFolder();
  mkdirSync(path.join(root, 'cpu'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, name), text);
  return root;
}

test('there is at least one core', () => {
  assert.ok(physicalCores() >= 1);
});

test('a limit of cgroup v2 and of v1 counts in whole CPUs, at least one', () => {
  assert.is(quotaOfContainer(controlGroup({ 'cpu.max': '200000 100000\n' })), 2);
  assert.is(quotaOfContainer(controlGroup({ 'cpu.max': '150000 100000\n' })), 1);
  assert.is(quotaOfContainer(controlGroup({ 'cpu.max': '50000 100000\n' })), 1);
  assert.is(
    quotaOfContainer(controlGroup({ 'cpu/cpu.cfs_quota_us': '400000\n', 'cpu/cpu.cfs_period_us': '100000\n' })),
    4,
  );
});

test('no limit is no limit', () => {
  assert.is(quotaOfContainer(controlGroup({ 'cpu.max': 'max 100000\n' })), undefined);
  assert.is(
    quotaOfContainer(controlGroup({ 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' })),
    undefined,
  );
  assert.is(quotaOfContainer(controlGroup({})), undefined);
  assert.is(quotaOfContainer(controlGroup({ 'cpu.max': 'nonsense' })), undefined);
});

test.run();
