import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

/**
 * The number of physical cores this process may use. Matrix products saturate a core's arithmetic units, so a second
 * hardware thread on it adds nothing. What a container is allowed counts too: more threads than that only wait for each other.
 */
export function physicalCores(): number {
  const available = os.availableParallelism();
  return Math.max(1, Math.min(coresFromSysfs() ?? available, available, quotaOfContainer() ?? available));
}

/** Linux says which hardware threads are siblings on one core; elsewhere there is no file to ask. */
function coresFromSysfs(): number | undefined {
  const folder = '/sys/devices/system/cpu';
  try {
    const cores = readdirSync(folder)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => readFileSync(`${folder}/${name}/topology/thread_siblings_list`, 'utf8').trim());
    return cores.length > 0 ? new Set(cores).size : undefined;
  } catch {
    return undefined;
  }
}

/**
 * CPUs' worth of time that the control group allows, rounded down; undefined where there is no limit. cgroup v2 says both numbers in
 * `cpu.max`, v1 each in a file of its own (the kernel's admin-guide/cgroup-v2.rst, scheduler/sched-bwc.rst).
 *
 * @param root where control groups are mounted
 */
export function quotaOfContainer(root = '/sys/fs/cgroup'): number | undefined {
  const [quota, period] = numbersOf(`${root}/cpu.max`) ?? [
    numbersOf(`${root}/cpu/cpu.cfs_quota_us`)?.[0],
    numbersOf(`${root}/cpu/cpu.cfs_period_us`)?.[0],
  ];
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return undefined;
  return Math.max(1, Math.floor(quota / period));
}

/** The numbers of a file; NaN stands for "max". */
function numbersOf(file: string): number[] | undefined {
  try {
    return readFileSync(file, 'utf8').trim().split(/\s+/).map(Number);
  } catch {
    return undefined;
  }
}
