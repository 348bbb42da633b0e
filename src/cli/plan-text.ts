import type { ConversionType } from '../gguf/model-types.js';
import { counted, formatBytes, formatCount, formatDuration, formatRate } from '../util/format.js';
import { layerRange, layersOf } from '../engine/placement/describe.js';
import type { Estimate, Speeds } from '../engine/placement/estimate.js';
import type { PlanReport } from '../engine/placement/plan-model.js';
import {
  hostBytesOf,
  usedOf,
  type DevicePlan,
  type HostPlan,
  type Machine,
  type Placement,
} from '../engine/placement/plan.js';
import { printable } from '../util/printable.js';
import { columns } from './table.js';

/** Another way to load a model. */
export interface Alternative {
  readonly what: string;
  readonly bytes: number;
  readonly tokensPerSecond: number;
}

/** All that `inform-score plan` says. */
export interface FullPlan {
  /** The model as the user named it. */
  readonly name: string;
  /** Of a model whose GGUF is not here. */
  readonly notHere?: {
    readonly weights: number | undefined;
    readonly downloadBytes: number;
    /** `free` is what the disk has left; undefined where it does not say. */
    readonly disk: readonly { readonly command: string; readonly bytes: number; readonly free: number | undefined }[];
  };
  /** What a checkpoint would be converted to. */
  readonly type: ConversionType | undefined;
  readonly report: PlanReport;
  readonly alternatives: readonly Alternative[];
  readonly input:
    | {
        readonly files: readonly string[];
        readonly conversations: number;
        readonly tokens: number;
        readonly seconds: number;
      }
    | undefined;
}

/** The plan as text. */
export function formatFullPlan({ name, notHere, type, report, alternatives, input }: FullPlan): string {
  return [
    ...(notHere ? formatNotHere(name, notHere) : []),
    formatPlan(report, notHere ? name : report.model.path, type),
    ...(input ? formatInput(input, report.estimate) : []),
    ...(alternatives.length > 0 ? formatAlternatives(report, type, alternatives, input?.tokens) : []),
  ].join('\n');
}

function formatNotHere(name: string, { weights, downloadBytes, disk }: NonNullable<FullPlan['notHere']>): string[] {
  const facts = [
    ...(weights === undefined ? [] : [`${(weights / 1e9).toFixed(weights < 1e10 ? 2 : 1)} billion weights`]),
    ...(downloadBytes > 0 ? [`${formatBytes(downloadBytes)} to download`] : []),
  ];
  const rows = disk.map(({ command, bytes, free }) => [
    `  ${command}`,
    `${formatBytes(bytes)} of disk`,
    free === undefined ? '' : free < bytes ? `only ${formatBytes(free)} free` : `${formatBytes(free)} free`,
  ]);
  return [`${printable(name)}: ${facts.join(', ')}; no weight was read`, columns(rows)];
}

function formatInput(
  { files, conversations, tokens, seconds }: NonNullable<FullPlan['input']>,
  estimate: Estimate,
): string[] {
  const unknown = estimate.diskSeconds === undefined ? ', and what the disk takes' : '';
  return [
    `${files.map((file) => printable(file)).join(', ')}: ${counted(conversations, 'conversation')}, about ${formatCount(tokens)} tokens (one for 4 bytes)`,
    `  about ${formatDuration(seconds)}${unknown}; less where samples share their beginnings`,
    '',
  ];
}

function formatAlternatives(
  { model, estimate }: PlanReport,
  type: ConversionType | undefined,
  alternatives: readonly Alternative[],
  tokens: number | undefined,
): string[] {
  const planned = {
    what: type === undefined ? 'as planned' : `as ${type}`,
    bytes: model.bytes,
    tokensPerSecond: estimate.tokensPerSecond,
  };
  const rows = [planned, ...alternatives].map(({ what, bytes, tokensPerSecond }) => [
    `  ${what}`,
    formatBytes(bytes),
    `${formatRate(tokensPerSecond)} tokens/s`,
    tokens === undefined ? '' : formatDuration(tokens / tokensPerSecond),
  ]);
  return [`expected:\n${columns(rows)}Smaller models, with what they reach: inform-score models`, ''];
}

/** Where a model goes, and what is expected of it. */
function formatPlan(
  { model, machine, batchSize, placement, estimate, speeds, measured }: PlanReport,
  name: string,
  type: ConversionType | undefined,
): string {
  const { devices, host, contexts } = placement;
  const unused = machine.gpus.filter(({ name }) => !devices.some((device) => device.name === name));
  return [
    `${printable(name)}${type === undefined ? '' : ` as ${type}`}: ${formatBytes(model.bytes)}, ${model.layers} layers`,
    ...devices.flatMap((device) => ['', ...formatDevice(device)]),
    ...unused.flatMap(({ name, freeBytes }) => ['', `${name}: ${formatBytes(freeBytes)} free, not used`]),
    '',
    ...formatHost(host, placement, machine),
    '',
    `micro-batch ${formatCount(placement.microBatch)} tokens, batch ${formatCount(placement.batchTokens)}, ` +
      `context ${formatCount(placement.contextTokens)}${contexts > 1 ? `, ${contexts} contexts side by side` : ''}`,
    ...formatEstimate(placement, estimate, batchSize, speeds, measured),
    '',
  ].join('\n');
}

function formatDevice(device: DevicePlan): string[] {
  const { name, description, free, weights, kv, compute, workspace, margin } = device;
  const left = free - usedOf(device);
  return [
    `${name} (${description}): ${formatBytes(free)} free`,
    `  holds       ${layersOf(device)}`,
    row('weights', weights),
    row('KV cache', kv),
    row('compute', compute, `buffers, and ${formatBytes(workspace)} for what kernels allocate`),
    left >= 0
      ? row('left', left, `beside a margin of ${formatBytes(margin)}`)
      : row('missing', -left, 'it is expected not to fit'),
  ];
}

function formatHost(host: HostPlan, { streamedLayers, cpuLayers }: Placement, { hostFreeBytes }: Machine): string[] {
  const lines = [
    Number.isFinite(hostFreeBytes) ? `host: ${formatBytes(hostFreeBytes)} free` : 'host',
    row(
      'weights',
      host.weights,
      cpuLayers > 0 ? `embedding, score head, ${layerRange(0, cpuLayers)}` : 'embedding and score head',
    ),
  ];
  if (streamedLayers > 0) {
    const where = host.pinned ? 'in pinned memory' : 'in the mapped file: too large to pin';
    lines.push(row('streamed', host.streamed, `${layerRange(0, streamedLayers)}, for each micro-batch, ${where}`));
  }
  if (host.kv > 0) lines.push(row('KV cache', host.kv));
  lines.push(row('compute', host.compute));
  if (hostBytesOf(host) > hostFreeBytes)
    lines.push('  The host has less memory than that: weights are read from the disk again and again.');
  return lines;
}

function formatEstimate(
  { microBatch, cpuLayers, devices, contexts }: Placement,
  estimate: Estimate,
  maxSequences: number,
  { busBytesPerSecond, gpuFlops, cpuFlops, diskBytesPerSecond }: Speeds,
  measured: readonly (keyof Speeds)[],
): string[] {
  const how = (speed: keyof Speeds): string => (measured.includes(speed) ? 'measured here' : 'not measured');
  const lines = ['expected for each micro-batch, from arithmetic:'];
  if (devices.length > 0) {
    lines.push(`  GPU         ${seconds(estimate.gpuSeconds)} at ${teraflops(gpuFlops)}, ${how('gpuFlops')}`);
  }
  if (estimate.busSeconds > 0) {
    const pinned = `${formatBytes(busBytesPerSecond)}/s from pinned memory, ${how('busBytesPerSecond')}`;
    lines.push(`  bus         ${seconds(estimate.busSeconds)} at ${pinned}`);
  }
  if (cpuLayers > 0) {
    lines.push(`  CPU         ${seconds(estimate.cpuSeconds)} at ${teraflops(cpuFlops)}, ${how('cpuFlops')}`);
  }
  if (estimate.diskSeconds === undefined) lines.push('  disk        unknown, on top of the rest');
  else if (estimate.diskSeconds > 0) {
    const speed = `${formatBytes(diskBytesPerSecond ?? 0)}/s, ${how('diskBytesPerSecond')}`;
    lines.push(`  disk        ${seconds(estimate.diskSeconds)} at ${speed}`);
  }
  if (contexts > 1) lines.push('  The GPUs compute at the same time, on different batches.');
  lines.push(
    `  together    ${seconds(estimate.seconds)} for ${formatCount(microBatch)} tokens, ` +
      `${formatRate(estimate.tokensPerSecond)} tokens/s; the bottleneck is ${BOTTLENECKS[estimate.bottleneck]}`,
  );
  if (estimate.balancedMicroBatch > 0) {
    lines.push(
      `  A micro-batch of ${formatCount(estimate.balancedMicroBatch)} tokens computes as long as its weights take to come.`,
    );
  }
  if (estimate.busSeconds > 0) {
    const tokens = Math.ceil(microBatch / maxSequences);
    lines.push(
      `  It is filled where samples have ${formatCount(tokens)} tokens on average that they do not share: raise batch_size for shorter ones.`,
    );
  }
  return lines;
}

const BOTTLENECKS: Record<Estimate['bottleneck'], string> = {
  gpu: 'the GPU',
  bus: 'the bus to the GPU',
  cpu: 'the CPU',
  disk: 'the disk',
};

function row(what: string, bytes: number, remark = ''): string {
  return `  ${what.padEnd(10)} ${formatBytes(bytes).padStart(9)}${remark === '' ? '' : `  ${remark}`}`;
}

function seconds(value: number): string {
  return `${value.toPrecision(3)} s`;
}

function teraflops(flops: number): string {
  return `${(flops / 1e12).toPrecision(3)} TFLOP/s`;
}
