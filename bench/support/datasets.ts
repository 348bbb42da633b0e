import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Encoder } from '#src/prompt/encoder.js';
import { Engine } from '#src/engine/engine.js';
import { InformError } from '#src/errors.js';
import { RandomStream } from '../../tools/random-checkpoint/random.js';
import { FIRST_SPECIAL_TOKEN } from '../../tools/random-checkpoint/geometry.js';
import { packageRoot } from '#src/util/package-root.js';
import { checkedConversation, toMessages, type Sample } from '#src/input/sample.js';
import type { ChatTemplate } from '#src/prompt/chat-template.js';
import { chatTemplateOf, loadEngine } from '../../test/support/models/load.js';

export const SET_NAMES = ['uniform512', 'sft', 'best-of-8', 'pairs', 'long-prompt'] as const;
export type SetName = (typeof SET_NAMES)[number];

/** What every contestant is given: the same tokens, in the form that it takes. */
export interface Dataset {
  name: SetName;
  /** As a file's rows; undefined where the token ids themselves are the input. */
  samples: Sample[] | undefined;
  /** The samples in the chat template; empty where there are no samples. */
  texts: string[];
  /** Token ids of each sample. */
  tokens: number[][];
}

/** How much of each set: rows of sft, prompts of the others. */
export type SetSizes = Record<SetName, number>;

export function tokenCount({ tokens }: Dataset): number {
  return tokens.reduce((sum, ids) => sum + ids.length, 0);
}

interface Row {
  id: string | number;
  instruction: string;
  output: string;
}

interface Pair {
  id: number;
  prompt: string;
  chosen: string;
  rejected: string;
}

const UNIFORM_TOKENS = 512;
const ANSWERS = 8;
const LONG_PROMPT_TOKENS = 2000;

/** The complete sets where they lie beside the repository, else the excerpts of bench/data. */
export function dataFolder(): { folder: string; complete: boolean } {
  const shared = path.join(packageRoot(), '..', 'shared', 'data');
  if (existsSync(path.join(shared, 'sft-805.jsonl'))) return { folder: shared, complete: true };
  return { folder: path.join(packageRoot(), 'bench', 'data'), complete: false };
}

/** The rows of sft-805, a JSON text each. */
export function sftLines(): string[] {
  return readFileSync(path.join(dataFolder().folder, 'sft-805.jsonl'), 'utf8').trimEnd().split('\n');
}

/** Builds data sets; rows and prompts are taken at even distances, so that a part stands for the whole. */
export class DatasetMaker {
  readonly #sft: Row[];
  /** Eight answers to each prompt. */
  readonly #bestOf8: Row[][];
  readonly #pairs: Pair[];

  private constructor(
    private readonly engine: Engine,
    private readonly template: ChatTemplate,
    folder: string,
  ) {
    this.#sft = readRows(path.join(folder, 'sft-805.jsonl'));
    this.#bestOf8 = inGroups(readRows(path.join(folder, 'best-of-8.jsonl')), ANSWERS);
    this.#pairs = readRows(path.join(folder, 'pairs-200.jsonl'));
  }

  /** @param model any model with the vocabulary and the template that the contestants use */
  static async open(model: string, folder: string): Promise<DatasetMaker> {
    const engine = await loadEngine(model, { threads: 1 });
    return new DatasetMaker(engine, await chatTemplateOf(engine, model), folder);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  async make(name: SetName, size: number): Promise<Dataset> {
    switch (name) {
      case 'uniform512':
        return { name, samples: undefined, texts: [], tokens: uniformTokens(size) };
      case 'sft':
        return this.#encode(name, evenly(this.#sft, size));
      case 'best-of-8':
        return this.#encode(name, evenly(this.#bestOf8, size).flat());
      case 'pairs':
        return this.#encode(
          name,
          evenly(this.#pairs, size).flatMap(({ id, prompt, chosen, rejected }) => [
            { id: `${id}/chosen`, instruction: prompt, output: chosen },
            { id: `${id}/rejected`, instruction: prompt, output: rejected },
          ]),
        );
      case 'long-prompt':
        return this.#encode(name, await this.#longPrompts(size));
    }
  }

  async #encode(name: SetName, given: readonly Row[]): Promise<Dataset> {
    // A few models gave empty answers, which are no samples.
    const samples = given.filter(({ output }) => output !== '');
    const encoder = new Encoder(this.engine, this.template, { maxLength: 4096, specialTokens: 'parse' });
    const encoded = await encoder.encode(samples.map(checkedConversation));
    const tokens = encoded.map((sample) => {
      if (sample instanceof InformError) throw sample;
      return [...sample.tokens];
    });
    return { name, samples, texts: samples.map((sample) => this.#render(sample)), tokens };
  }

  #render(sample: unknown): string {
    return this.template.render(toMessages(sample));
  }

  /** Texts of sft to read, then an instruction of best-of-8: about 2,000 tokens, with eight answers each. */
  async #longPrompts(count: number): Promise<Row[]> {
    const documents = this.#sft.map(({ instruction, output }) => `${instruction}\n${output}`);
    const samples: Row[] = [];
    for (const [i, answers] of evenly(this.#bestOf8, count).entries()) {
      const instruction = answers[0]?.instruction ?? '';
      // From another place for each prompt, so that prompts share nothing but the template's header.
      const first = Math.floor((i * documents.length) / count);
      const material = [...documents.slice(first), ...documents.slice(0, first)].join('\n\n');
      const context = await this.#cut(material, LONG_PROMPT_TOKENS);
      for (const { id, output } of answers) {
        samples.push({ id, instruction: `${context}\n\n${instruction}`, output });
      }
    }
    return samples;
  }

  /** The first `count` tokens of a text, at a space. */
  async #cut(text: string, count: number): Promise<string> {
    const words = text.split(' ');
    let low = 0;
    let high = words.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const [tokens] = await this.engine.tokenize([words.slice(0, middle).join(' ')], false);
      if ((tokens?.length ?? 0) <= count) low = middle;
      else high = middle - 1;
    }
    return words.slice(0, low).join(' ');
  }
}

/** Random text tokens; the first ones differ, so nothing can be shared. Not even the template: these are bare tokens. */
function uniformTokens(count: number): number[][] {
  const random = new RandomStream(1, 'uniform512');
  return Array.from({ length: count }, (_, first) =>
    Array.from({ length: UNIFORM_TOKENS }, (_, i) => (i === 0 ? first : (random.next() >>> 0) % FIRST_SPECIAL_TOKEN)),
  );
}

function readRows<T>(file: string): T[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.floor(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** `count` items at even distances, or all where there are not as many. */
function evenly<T>(items: readonly T[], count: number): T[] {
  if (count >= items.length) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]).filter(
    (item) => item !== undefined,
  );
}
