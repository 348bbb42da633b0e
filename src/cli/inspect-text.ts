import { HEAD_TENSOR } from '../gguf/head-tensors.js';
import type { ModelReport, Token } from '../models/inspect.js';
import { formatBytes } from '../util/format.js';
import { printable } from '../util/printable.js';

const MAX_SHOWN = 200; // characters of a name or a line

/** The report as lines of text for people, with a newline at the end. Control characters in names are escaped. */
export function formatReport(report: ModelReport): string {
  const { geometry, quantization, head } = report;
  const inShards = report.shards > 1 ? ` in ${report.shards} shards` : '';
  const lines = [
    row('model', `${shown(report.name)}, architecture ${shown(report.architecture)}`),
    row(
      'file',
      report.planned
        ? `none yet: ${printable(report.path)} would become one of ${formatBytes(report.fileBytes)}`
        : `${printable(report.path)}, ${formatBytes(report.fileBytes)}${inShards}, GGUF version ${report.ggufVersion}`,
    ),
    row('parameters', report.parameters.toLocaleString('en')),
    row(
      'layers',
      `${shown(geometry.layers)}, hidden ${shown(geometry.hiddenSize)}, feed forward ${shown(geometry.feedForwardSize)}`,
    ),
    row(
      'attention',
      `${shown(geometry.heads)} heads, ${shown(geometry.kvHeads)} key-value heads, context ${shown(geometry.contextLength)}`,
    ),
    row('type', shown(quantization.fileType)),
    ...quantization.types.map(({ type, tensors, bytes }) =>
      row('', `${type}: ${tensors} tensors, ${formatBytes(bytes)}`),
    ),
    ...headLines(head),
    ...textLines(report),
    'metadata',
    ...Object.entries(report.metadata).map(([key, value]) => `  ${shown(key)} = ${shown(value)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** How texts become tokens; of a model of the hub that is not here only the weights' headers were read. */
function textLines({ planned, tokenizer, chatTemplate, head }: ModelReport): string[] {
  if (planned && tokenizer.tokens === null)
    return [row('tokenizer', 'not read, nor the template: "inform-score pull" fetches them with the weights')];
  return [
    row(
      'tokenizer',
      `${shown(tokenizer.model)} (${shown(tokenizer.pre)}), ${shown(tokenizer.tokens)} tokens${tokenizer.merges === null ? '' : `, ${tokenizer.merges} merges`}`,
    ),
    ...(['bos', 'eos', 'eot', 'pad'] as const).map((kind) => row('', `${kind}: ${shownToken(tokenizer[kind])}`)),
    row(
      '',
      `put before ${head?.alwaysBos === true ? 'every text' : 'a text that does not begin with it'}: ${shownToken(tokenizer.addedBos)}`,
    ),
    row('', `a text that is too long is cut on the ${tokenizer.truncationSide}`),
    row('template', chatTemplate === null ? 'none' : `${chatTemplate.characters} characters, beginning`),
    ...(chatTemplate?.firstLines ?? []).map((line) => row('', `| ${printable(line, MAX_SHOWN)}`)),
  ];
}

/** What a rule says of the pad token, behind "reads the last token". */
const PAD_RULES = {
  last: () => '',
  last_non_pad: (pad: string) => ` that is not ${pad}`,
  last_without_pad: (pad: string) => `, and refuses a sample that holds ${pad}`,
} as const;

function headLines(head: ModelReport['head']): string[] {
  if (head === null) return [row('head', 'none: this file holds a backbone only and cannot score by itself')];
  const { padToken, token } = head.reads;
  const hasHiddenLayer = head.tensors.some(({ name }) => name === HEAD_TENSOR.hiddenWeight);
  return [
    row(
      'head',
      `${head.className === null ? '' : `${shown(head.className)}, `}${head.tensors.length} tensors, ${hasHiddenLayer ? `activation ${shown(head.activation)}` : 'one layer'}`,
    ),
    row('', `reads the last token${padToken === null ? '' : PAD_RULES[token](shownToken(padToken))}`),
    ...(head.suffixToken === null ? [] : [row('', `put behind every text: ${shownToken(head.suffixToken)}`)]),
    ...head.tensors.map(({ name, type, shape }) => row('', `${name}: ${type} [${shape.join(', ')}]`)),
  ];
}

function row(label: string, text: string): string {
  return `${label.padEnd(12)}${text}`;
}

function shown(value: string | number | boolean | null): string {
  return value === null ? 'unknown' : printable(String(value), MAX_SHOWN);
}

function shownToken(token: Token | null): string {
  return token === null ? 'none' : `${token.id} ${shown(token.text)}`;
}
