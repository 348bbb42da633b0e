/** What the engine knows of a backend module. */
export interface BackendState {
  readonly name: string;
  readonly loaded: boolean;
  readonly devices: number;
  /** What the loader or the backend said, in its words; may be ''. */
  readonly reason: string;
  /** The shared libraries that it needs and that were not found, where that is known. */
  readonly missing: readonly string[];
}

/** Shared libraries by the beginning of their names, and what brings them: the first match counts, what to do first comes first. */
const LIBRARIES: readonly (readonly [pattern: RegExp, what: string, remedy: string])[] = [
  [
    /^(libcuda\.so|nvcuda\.dll)/,
    'no NVIDIA driver',
    "Install the driver of your card (Debian: nvidia-driver; Ubuntu: ubuntu-drivers install; elsewhere: NVIDIA's installer)",
  ],
  [
    /^libcudart\.so\.(12)/,
    'the CUDA 12 runtime is missing',
    'Install nvidia-cuda-runtime-cu12 with pip and name its lib folder in LD_LIBRARY_PATH, or the CUDA 12 toolkit',
  ],
  [
    /^libcudart\.so\.(\d+)/,
    'the CUDA $1 runtime is missing',
    'Install nvidia-cuda-runtime with pip and name its lib folder in LD_LIBRARY_PATH, or the CUDA $1 toolkit',
  ],
  [
    /^libcublas\.so\.(12)/,
    "CUDA 12's cuBLAS is missing",
    'Install nvidia-cublas-cu12 with pip and name its lib folder in LD_LIBRARY_PATH, or the CUDA 12 toolkit',
  ],
  [
    /^libcublas\.so\.(\d+)/,
    "CUDA $1's cuBLAS is missing",
    'Install nvidia-cublas with pip and name its lib folder in LD_LIBRARY_PATH, or the CUDA $1 toolkit',
  ],
  [
    /^(libvulkan\.so|vulkan-1\.dll)/,
    'no Vulkan loader',
    'Install it (Debian/Ubuntu: libvulkan1; Fedora: vulkan-loader; Arch: vulkan-icd-loader) and the Vulkan driver of your card',
  ],
  [/^libgomp\.so/, 'the OpenMP runtime is missing', 'Install it (Debian/Ubuntu: libgomp1)'],
];

const NO_DEVICE: Readonly<Record<string, string>> = {
  cuda: 'Check that nvidia-smi lists your card, and that CUDA_VISIBLE_DEVICES does not hide it',
  vulkan: 'Install the Vulkan driver of your card (Debian/Ubuntu: mesa-vulkan-drivers, or that of NVIDIA)',
};

/** Why a backend offers no device and what to do, as sentences; undefined where it offers some. */
export function explainBackend(backend: BackendState): string | undefined {
  if (backend.devices > 0) return undefined;
  const why = backend.reason.replace(/^load_backend: failed to load [^:]+: /, '');
  // Some backends refuse to start where the driver offers nothing, others start with no device.
  if (backend.loaded || why.includes('ggml_backend_init returned NULL')) {
    const remedy = NO_DEVICE[backend.name];
    const detail = backend.loaded ? inBrackets(why) : '';
    return sentences(`loaded, but it finds no device${detail}`, remedy === undefined ? [] : [remedy]);
  }
  const missing = backend.missing.length > 0 ? backend.missing : missingIn(why);
  if (missing.length === 0) return sentences(`not loaded${inBrackets(why)}`, []);
  const known = missing.map(lookUp).filter((entry) => entry !== undefined);
  known.sort((a, b) => a.rank - b.rank);
  const unknown = missing.filter((library) => !known.some((entry) => entry.library === library));
  const causes = [
    ...known.map(({ library, what }) => `${what} (${library})`),
    ...unknown.map((library) => `${library} is missing`),
  ];
  return sentences(
    `not loaded: ${causes.join(', ')}`,
    known.map(({ remedy }) => remedy),
  );
}

function lookUp(library: string): { library: string; rank: number; what: string; remedy: string } | undefined {
  for (const [rank, [pattern, what, remedy]] of LIBRARIES.entries()) {
    const match = pattern.exec(library);
    if (match) return { library, rank, what: fill(what, match), remedy: fill(remedy, match) };
  }
  return undefined;
}

/** The library that the loader of Linux or macOS names as missing. */
function missingIn(reason: string): string[] {
  const match = /(\S+): cannot open shared object file/.exec(reason) ?? /Library not loaded: (\S+)/.exec(reason);
  const name = match?.[1]?.split('/').at(-1);
  return name === undefined ? [] : [name];
}

function fill(text: string, match: RegExpExecArray): string {
  return text.replaceAll('$1', match[1] ?? '');
}

function inBrackets(reason: string): string {
  return reason === '' ? '' : ` (${reason})`;
}

function sentences(first: string, others: readonly string[]): string {
  return [first, ...others].map((text) => `${text.replace(/\.$/, '')}.`).join(' ');
}
