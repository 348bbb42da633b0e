// npm's install step: uses the addon that lies there, or builds it. node-gyp-build's own fallback, node-gyp, ends in the
// same script through binding.gyp, but needs Python and make on the way.
import { createRequire } from 'node:module';
import { packageRoot } from './paths.mjs';

const require = createRequire(import.meta.url);

if (!addonLoads()) await import('./build-native.mjs');

function addonLoads() {
  try {
    require(require('node-gyp-build').resolve(packageRoot));
    return true;
  } catch {
    return false;
  }
}
