// The types that the package publishes, as a program that uses it sees them.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { tempFolder } from '../support/temp-folder.js';

const INDEX = path.join(packageRoot(), 'dist', 'index.d.ts');
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  typeRoots: [path.join(packageRoot(), 'node_modules', '@types')],
  strict: true,
  noEmit: true,
};

/** A program of a user: what is right compiles, what is wrong does not. */
const PROGRAM = `
import { InformError, RewardModel, type ErrorCode, type ModelInfo, type ScoreResult } from 'inform-score';

await using model = await RewardModel.load('model.gguf', { batchSize: 32, maxLength: 4096, kvType: 'f32', gpuLayers: 'auto' });
const score: number = await model.score({ instruction: 'a', output: 'b' });
const info: ModelInfo = model.info;
const sizes: [number, readonly string[]] = [info.contextTokens, info.notes];
const results: ScoreResult[] = [];
for await (const result of model.scoreAll([{ messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }] }], {
  onReject: ({ index, error }) => { const code: ErrorCode = error.code; console.log(index, code); },
})) results.push(result);
try { await RewardModel.load('x'); } catch (error) { if (error instanceof InformError && error.code === 'INFORM_MODEL_NOT_FOUND') console.log(error.message); }

// @ts-expect-error no such value
await RewardModel.load('model.gguf', { kvType: 'f64' });
// @ts-expect-error no such option
await RewardModel.load('model.gguf', { batchsize: 3 });
// @ts-expect-error a sample has an output or messages
await model.score({ instruction: 'a' });
// @ts-expect-error no such code
const wrong: ErrorCode = 'INFORM_NO_SUCH_CODE';
// @ts-expect-error the constructor is private
new RewardModel();
// @ts-expect-error what the CLI uses inside is not published
model.scoreJobs;
export { score, sizes, wrong };
`;

/** Of the program and of our declarations; those of libraries are not ours to check, and take seconds. */
function messagesOf(program: ts.Program): string[] {
  const files = program.getSourceFiles().filter(({ fileName }) => !/node_modules[\\/](?!inform-score)/.test(fileName));
  return files
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(({ messageText, file, start = 0 }) => {
      const line =
        file === undefined
          ? ''
          : `${path.basename(file.fileName)}:${file.getLineAndCharacterOfPosition(start).line + 1} `;
      return `${line}${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}

for (const [name, module, moduleResolution] of [
  ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
  ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
] as const) {
  test(`a user's program compiles with moduleResolution ${name}`, () => {
    const folder = tempFolder();
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(packageRoot(), path.join(folder, 'node_modules', 'inform-score'), 'junction');
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    const file = path.join(folder, 'program.ts');
    writeFileSync(file, PROGRAM);
    assert.equal(messagesOf(ts.createProgram([file], { ...OPTIONS, module, moduleResolution })), []);
  });
}

test('every type that a published signature names is published too', () => {
  const settings = { ...OPTIONS, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const program = ts.createProgram([INDEX], settings);
  const checker = program.getTypeChecker();
  const index = program.getSourceFile(INDEX);
  const module = index && checker.getSymbolAtLocation(index);
  if (!module) throw new Error(`${INDEX} is no module`);
  const resolved = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const published = new Set(checker.getExportsOfModule(module).map(resolved));
  const missing = new Set<string>();
  const visit = (node: ts.Node, owner: string): void => {
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : undefined;
    const found = name && checker.getSymbolAtLocation(name);
    const symbol = found && resolved(found);
    const place = symbol?.declarations?.[0]?.getSourceFile().fileName ?? '';
    const ours =
      place.startsWith(path.join(packageRoot(), 'dist')) && !(symbol && symbol.flags & ts.SymbolFlags.TypeParameter);
    if (ours && symbol && !published.has(symbol)) missing.add(`${symbol.name} (named by ${owner})`);
    ts.forEachChild(node, (child) => {
      visit(child, owner);
    });
  };
  for (const symbol of published) {
    // The option types are computed from the table; their values are checked by the program above.
    if (symbol.name === 'ModelOptions') continue;
    for (const declaration of symbol.declarations ?? []) visit(declaration, symbol.name);
  }
  assert.equal([...missing], []);
});

test.run();
