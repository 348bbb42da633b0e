import { formatBytes, formatCount } from '../util/format.js';
import { layerRange, layersOf } from '../engine/placement/describe.js';
import type { Assumptions, Estimate } from '../engine/placement/estimate.js';
import type { PlanReport } from '../engine/placement/plan-model.js';
import { usedOf, type DevicePlan, type HostPlan, type Machine, type Placement } from '../engine/placement/plan.js';
import { printable } from '../util/printable.js';

/** The report as text. */
export function formatPlan({ model, machine, batchSize, placement, estimate, assumptions }: PlanReport): string {
  const { devices, host, contexts } = placement;
  const unused = machine.gpus.filter(({ name }) => !devices.some((device) => device.name === name));
  return [
    `${printable(model.path)}: ${formatBytes(model.bytes)}, ${model.layers} layers`,
    ...devices.flatMap((device) => ['', ...formatDevice(device)]),
    ...unused.flatMap(({ name, freeBytes }) => ['', `${name}: ${formatBytes(freeBytes)} free, not used`]),
    '',
    ...formatHost(host, placement, machine),
    '',
    `micro-batch ${formatCount(placement.microBatch)} tokens, batch ${formatCount(placement.batchTokens)}, ` +
      `context ${formatCount(placement.contextTokens)}${contexts > 1 ? `, ${contexts} contexts side by side` : ''}`,
    ...formatEstimate(placement, estimate, batchSize, assumptions),
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
  const needed = host.weights + host.streamed + host.kv + host.compute;
  if (needed > hostFreeBytes)
    lines.push('  The host has less memory than that: weights are read from the disk again and again.');
  return lines;
}

function formatEstimate(
  { microBatch, cpuLayers, devices, contexts }: Placement,
  estimate: Estimate,
  maxSequences: number,
  { busBytesPerSecond, gpuFlops, cpuFlops }: Assumptions,
): string[] {
  const lines = ['expected for each micro-batch, from arithmetic and not measured:'];
  if (devices.length > 0) lines.push(`  GPU         ${seconds(estimate.gpuSeconds)} at ${teraflops(gpuFlops)}`);
  if (estimate.busSeconds > 0) {
    lines.push(
      `  bus         ${seconds(estimate.busSeconds)} at ${formatBytes(busBytesPerSecond)}/s from pinned memory`,
    );
  }
  if (cpuLayers > 0) lines.push(`  CPU         ${seconds(estimate.cpuSeconds)} at ${teraflops(cpuFlops)}`);
  if (contexts > 1) lines.push('  The GPUs compute at the same time, on different batches.');
  lines.push(
    `  together    ${seconds(estimate.seconds)} for ${formatCount(microBatch)} tokens, ` +
      `${formatCount(Math.round(estimate.tokensPerSecond))} tokens/s; the bottleneck is ${BOTTLENECKS[estimate.bottleneck]}`,
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
