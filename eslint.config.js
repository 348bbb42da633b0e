import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'dist-dev/', 'build/', '.cmake/', 'node_modules/'] },
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
        { patterns: [{ regex: 'native\\.js$', message: 'Only the files listed below talk to the addon.' }] },
      ],
    },
  },
  {
    // The engine, the encoder of weights, the process that quantizes, and the small modules that ask for devices, locks, log
    // and progress.
    files: [
      'src/engine.ts',
      'src/lanes.ts',
      'src/engine-log.ts',
      'src/devices.ts',
      'src/placement/dry-load.ts',
      'src/placement/load-plan.ts',
      'src/placement/machine.ts',
      'src/run-plan.ts',
      'src/journal/locked-file.ts',
      'src/watch-task.ts',
      'src/convert/encode-weights.ts',
      'src/quantize/child.ts',
      'test/**/*.ts',
    ],
    rules: { 'no-restricted-imports': 'off' },
  },
);
