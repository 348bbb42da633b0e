import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The rooms of src/, top floor first. A file may import from its own room and from those below it. */
const FLOORS = [
  [
    'cli',
    'evaluate',
    'run',
    'compare',
    'report',
    'curate',
    'supervisor',
    'scoring',
    'prompt',
    'engine',
    'models',
    'backends',
  ],
  ['quantize', 'head', 'convert', 'input', 'options', 'gguf', 'addon', 'util'],
].flat();

const NO_ADDON = {
  regex: 'addon/load-addon\\.js$',
  allowTypeImports: true,
  message: 'Only src/addon/ talks to the addon; call one of its functions.',
};

/** Type imports count too: a room that needs a type from above has it in the wrong place. */
const floors = FLOORS.map((room, i) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          ...(i === 0
            ? []
            : [
                { regex: `^(\\.\\./)+(${FLOORS.slice(0, i).join('|')})/`, message: `${room}/ stands below that room.` },
              ]),
          ...(room === 'addon' ? [] : [NO_ADDON]),
        ],
      },
    ],
  },
}));

const terminal = ['stdout', 'stderr', 'exit', 'exitCode', 'argv'].map((property) => ({
  object: 'process',
  property,
  message: 'Only src/cli/ reads the command line, writes to the terminal and exits.',
}));

export default tseslint.config(
  { ignores: ['dist/', 'dist-dev/', 'build/', '.cmake/', 'node_modules/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      // TypeScript's imports name the .js file that a .ts file becomes; without this no import is followed.
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'import-x/no-cycle': 'error',
    },
  },
  ...floors,
  {
    files: ['src/**/*.ts'],
    // The programs of child processes are entry points of their own; scores may go to standard output.
    ignores: ['src/cli/**', 'src/supervisor/child.ts', 'src/quantize/child.ts', 'src/run/output/results.ts'],
    rules: { 'no-restricted-properties': ['error', ...terminal] },
  },
);
