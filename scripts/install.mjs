// npm's install step: uses the addon that lies there, or builds it through node-gyp-build's usual fallback, which ends
// in binding.gyp and from there in scripts/build-native.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

// node-gyp insists on Node's headers although Node-API needs none of them: those beside this node spare the download.
const nodeDir = path.resolve(path.dirname(process.execPath), '..');
const env = { ...process.env };
if (existsSync(path.join(nodeDir, 'include', 'node', 'common.gypi'))) env.npm_config_nodedir ??= nodeDir;

const { status } = spawnSync(process.execPath, [require.resolve('node-gyp-build/bin.js')], { stdio: 'inherit', env });
process.exit(status ?? 1);
