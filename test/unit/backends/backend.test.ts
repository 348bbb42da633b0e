import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { choosePackage } from '#src/backends/choose.js';
import { moduleFile, userBackendFolder } from '#src/addon/backend-folder.js';
import { explainBackend, type BackendState } from '#src/addon/backend-failure.js';
import { readPin } from '#src/addon/llama-release.js';
import { BACKEND_PACKAGES } from '#src/backends/packages.js';
import { packageRoot } from '#src/util/package-root.js';
import { expectError } from '../../support/assert/expect-error.js';

const LOST: BackendState = { name: 'cuda', loaded: false, devices: 0, reason: '', missing: [] };

test('what is missing is said with what brings it, the driver first', () => {
  const reason = explainBackend({ ...LOST, missing: ['libcudart.so.13', 'libcublas.so.13', 'libcuda.so.1'] }) ?? '';
  assert.match(reason, /^not loaded: no NVIDIA driver \(libcuda\.so\.1\), the CUDA 13 runtime is missing/);
  assert.match(reason, /nvidia-cuda-runtime with pip.*nvidia-cublas with pip/);
  assert.match(explainBackend({ ...LOST, missing: ['libcublas.so.12'] }) ?? '', /nvidia-cublas-cu12/);
  const vulkan = { ...LOST, name: 'vulkan', missing: ['libvulkan.so.1'] };
  assert.match(explainBackend(vulkan) ?? '', /no Vulkan loader \(libvulkan\.so\.1\)\. .*libvulkan1/);
  assert.match(explainBackend({ ...LOST, missing: ['libodd.so.3'] }) ?? '', /libodd\.so\.3 is missing/);
});

test("without a list of what is missing, the loader's own message is read", () => {
  const linux =
    'load_backend: failed to load /x/libggml-cuda.so: libcuda.so.1: cannot open shared object file: No such file';
  assert.match(explainBackend({ ...LOST, reason: linux }) ?? '', /no NVIDIA driver/);
  const mac = 'dlopen(/x/libggml-vulkan.so, 0x0006): Library not loaded: @rpath/libvulkan.so.1';
  assert.match(explainBackend({ ...LOST, name: 'vulkan', reason: mac }) ?? '', /no Vulkan loader/);
  const other = 'load_backend: failed to load /x/libggml-cuda.so: /x/libggml-cuda.so: file too short';
  assert.is(explainBackend({ ...LOST, reason: other }), 'not loaded (/x/libggml-cuda.so: file too short).');
});

test('a backend with devices needs no reason, one without says what to check', () => {
  assert.is(explainBackend({ ...LOST, loaded: true, devices: 1 }), undefined);
  const none = explainBackend({ ...LOST, loaded: true, reason: 'no CUDA-capable device is detected' }) ?? '';
  assert.match(none, /^loaded, but it finds no device \(no CUDA-capable device is detected\)\. .*nvidia-smi/);
});

test('the ready-made backends are of the pinned llama.cpp, each with a hash and a size', () => {
  const text = readFileSync(path.join(packageRoot(), 'native', 'llama.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  for (const { spec, integrity, member, backend } of BACKEND_PACKAGES) {
    assert.ok(spec.endsWith(`@${version}`), spec);
    assert.is(Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').length, 64, spec);
    assert.is(path.basename(member), moduleFile(backend, 'linux'));
  }
});

test('CUDA: the release whose libraries are there, else the newest, or the one that was asked for', async () => {
  const cuda = { backend: 'cuda', cuda: undefined, platform: 'linux-x64' } as const;
  const only12 = (names: readonly string[]): boolean => names.every((name) => name.endsWith('.12'));
  const nothing = (): boolean => false;
  assert.is(choosePackage(cuda, only12).cuda, 12);
  assert.is(choosePackage(cuda, nothing).cuda, 13);
  assert.is(choosePackage({ ...cuda, cuda: 12 }, nothing).cuda, 12);
  assert.is(choosePackage({ ...cuda, cuda: 13 }, only12).cuda, 13);
  await expectError('INFORM_BACKEND_UNAVAILABLE', /for sunos-x64, only for linux-x64.*inform-score build/, () =>
    Promise.resolve().then(() => choosePackage({ ...cuda, platform: 'sunos-x64' }, nothing)),
  );
  await expectError('INFORM_BACKEND_UNAVAILABLE', /Metal/, () =>
    Promise.resolve().then(() => choosePackage({ ...cuda, platform: 'darwin-arm64' }, nothing)),
  );
});

test("the user's backend folder names llama.cpp's release, or is the one that is named", () => {
  assert.equal(userBackendFolder({ INFORM_CACHE_DIR: '/c' }), {
    path: path.resolve('/c', `backends-${readPin().release}`),
    isNamed: false,
  });
  assert.equal(userBackendFolder({ INFORM_CACHE_DIR: '/c', INFORM_BACKEND_DIR: '/b' }), {
    path: path.resolve('/b'),
    isNamed: true,
  });
});

test('the build takes its backends from flags, else from INFORM_BACKENDS', async () => {
  const file = pathToFileURL(path.join(packageRoot(), 'scripts', 'build', 'build-options.mjs'));
  const { chosenBackends } = (await import(file.href)) as {
    chosenBackends: (args: string[], env: Record<string, string>) => string | undefined;
  };
  assert.is(chosenBackends([], {}), undefined);
  assert.is(chosenBackends(['--cuda', '--vulkan'], { INFORM_BACKENDS: 'cpu' }), 'cuda,vulkan');
  assert.is(chosenBackends([], { INFORM_BACKENDS: 'CPU, cuda' }), 'cpu,cuda');
  assert.throws(() => chosenBackends(['--rocm'], {}), /does not know --rocm/);
  assert.throws(() => chosenBackends([], { INFORM_BACKENDS: 'rocm' }), /holds "rocm"/);
});

test.run();
