import type { CommandModule } from 'yargs';
import type { DeviceReport } from '../../addon/device-report.js';
import { JSON_FLAG } from '../shared-flags.js';
import { printJson, printLines } from '../terminal.js';

const GIB = 2 ** 30;

/** `inform-score devices` */
export const devicesCommand: CommandModule<object, { json: boolean }> = {
  command: 'devices',
  describe: 'list the processors that scoring can use',
  builder: (argv) => argv.option('json', JSON_FLAG),
  handler: async ({ json }) => {
    const { findDevices } = await import('../../addon/device-report.js');
    const report = await findDevices();
    if (json) printJson(report);
    else printLines(format(report));
  },
};

function format(report: DeviceReport): string {
  const lines = [`llama.cpp ${report.llamaCpp}, ${report.physicalCores} physical CPU cores`];
  for (const device of report.devices) {
    lines.push('', `${device.name}: ${device.description} (${device.type}, backend ${device.backend})`);
    lines.push(`  memory    ${gib(device.memoryFree)} free of ${gib(device.memoryTotal)}`);
    if (device.features.length > 0) lines.push(`  features  ${device.features.join(' ')}`);
  }
  for (const { name, file, reason } of report.backends) {
    if (reason !== undefined) lines.push('', `backend ${name}: ${reason}`, `  file      ${file}`);
  }
  if (!report.devices.some((device) => device.type === 'gpu' || device.type === 'igpu')) {
    lines.push('', `Scoring runs on the CPU: no GPU backend is ${report.backends.length > 0 ? 'ready' : 'installed'}.`);
    if (report.backends.length === 0) {
      lines.push('`inform-score backend add cuda` or `vulkan` fetches one; docs/gpu.md says how to build one.');
    }
  }
  return `${lines.join('\n')}\n`;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
