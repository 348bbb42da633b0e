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

/** Shared libraries by the beginning of their names, and what brings them. In the order of what to do first. */
const LIBRARIES: readonly (readonly [pattern: RegExp, what: string, remedy: string])[] = [
  [
    /^(libcuda\.so|nvcuda\.dll)/,
    'no NVIDIA driver',
    "Install the driver of your card (Debian: nvidia-driver; Ubuntu: ubuntu-drivers install; elsewhere: NVIDIA's installer)",
  ],
  [
    /^libcudart\.so\.(\d+)/,
    'the CUDA $1 runtime is missing',
    "Install NVIDIA's package cuda-cudart-$1-0, or nvidia-cuda-runtime with pip and name its folder in LD_LIBRARY_PATH",
  ],
  [
    /^libcublas\.so\.(\d+)/,
    "CUDA $1's cuBLAS is missing",
    "Install NVIDIA's package libcublas-$1-0, or nvidia-cublas with pip and name its folder in LD_LIBRARY_PATH",
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
  if (backend.loaded) {
    const remedy = NO_DEVICE[backend.name];
    return sentences(
      `loaded, but it finds no device${inBrackets(backend.reason)}`,
      remedy === undefined ? [] : [remedy],
    );
  }
  const missing = backend.missing.length > 0 ? backend.missing : missingIn(backend.reason);
  if (missing.length === 0) return sentences(`not loaded${inBrackets(backend.reason)}`, []);
  const known = LIBRARIES.flatMap(([pattern, what, remedy]) =>
    missing.flatMap((library) => {
      const match = pattern.exec(library);
      return match ? [{ library, what: fill(what, match), remedy: fill(remedy, match) }] : [];
    }),
  );
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
