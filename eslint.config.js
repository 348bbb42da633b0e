import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'build/', '.cmake/', 'node_modules/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: 'native\\.js$', message: 'Only src/engine.ts talks to the addon.' }] },
      ],
    },
  },
  {
    // The engine, the two modules that ask the addon for its devices and its log, and the process that quantizes.
    files: ['src/engine.ts', 'src/engine-log.ts', 'src/devices.ts', 'src/quantize/child.ts', 'test/**/*.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
);
