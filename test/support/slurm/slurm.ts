import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol'];

/** Why no Slurm can be started here; undefined where one can. Debian: apt-get install --no-install-recommends slurm-wlm munge. */
export function whyNoSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'Slurm is started as root';
  const missing = PROGRAMS.find((program) => spawnSync('which', [program]).status !== 0);
  return missing === undefined ? undefined : `${missing} is not installed`;
}

/** A real Slurm of one node on this machine. */
export class Slurm {
  private constructor(
    private readonly folder: string,
    private readonly node: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param cpus how many tasks run at the same time, whatever the machine has */
  static async start(folder: string, cpus: number): Promise<Slurm> {
    for (const part of ['state', 'spool', 'log', 'run'])
      mkdirSync(path.join(folder, part), { recursive: true, mode: 0o700 });
    const node = os.hostname().split('.')[0] ?? 'localhost';
    const conf = path.join(folder, 'slurm.conf');
    const port = 20_000 + (process.pid % 20_000);
    writeFileSync(conf, configuration(folder, node, cpus, port));
    writeFileSync(path.join(folder, 'munge.key'), randomBytes(1024), { mode: 0o400 });
    const slurm = new Slurm(folder, node, { ...process.env, SLURM_CONF: conf });
    const run = path.join(folder, 'run');
    slurm.call('munged', [
      `--key-file=${folder}/munge.key`,
      `--socket=${run}/munge.socket`,
      `--pid-file=${run}/munged.pid`,
      `--log-file=${folder}/log/munged.log`,
      `--seed-file=${run}/seed`,
      '--force',
    ]);
    slurm.call('slurmctld', ['-c']);
    slurm.call('slurmd', ['-c']);
    for (let tries = 0; tries < 60; tries++) {
      if (slurm.nodeState().includes('idle')) return slurm;
      await delay(500);
    }
    await slurm.stop();
    throw new Error(`Slurm did not become idle; its logs are in ${folder}/log.`);
  }

  /** Resolves once its programs are gone, which write to its folder until then. */
  async stop(): Promise<void> {
    for (const name of ['slurmd', 'slurmctld', 'munged']) {
      try {
        const pid = Number(readFileSync(path.join(this.folder, 'run', `${name}.pid`), 'utf8'));
        process.kill(pid, 'SIGTERM');
        for (let tries = 0; tries < 100; tries++) {
          process.kill(pid, 0);
          await delay(100);
        }
      } catch {
        // it is gone
      }
    }
  }

  /** Gives the number of the job. */
  submit(script: string, flags: readonly string[], env: NodeJS.ProcessEnv): string {
    const all = { ...this.env, ...env };
    return execFileSync('sbatch', ['--parsable', ...flags, script], { env: all, encoding: 'utf8' }).trim();
  }

  /** The tasks that are not at their end: their state and array number. */
  queue(): { state: string; task: string }[] {
    const text = this.call('squeue', ['-h', '-r', '-o', '%T %i']);
    return text
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '))
      .map(([state = '', task = '']) => ({ state, task }));
  }

  /** Lets requeued tasks start: Slurm has each wait for two minutes. */
  hurry(): void {
    for (const line of this.call('squeue', ['-h', '-r', '-t', 'PENDING', '-o', '%r %i']).split('\n')) {
      const [reason, task = ''] = line.split(' ');
      if (reason !== 'BeginTime') continue;
      try {
        this.call('scontrol', ['update', `jobid=${task}`, 'starttime=now']);
      } catch {
        // it has just started
      }
    }
  }

  nodeState(): string {
    return this.call('sinfo', ['-h', '-o', '%t']).trim();
  }

  /** "drain", "down" (kills and requeues what runs there) or "resume". */
  setNode(state: 'drain' | 'down' | 'resume'): void {
    const reason = state === 'resume' ? [] : ['reason=test'];
    this.call('scontrol', ['update', `nodename=${this.node}`, `state=${state}`, ...reason]);
  }

  private call(program: string, args: readonly string[]): string {
    return execFileSync(program, args, { env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  }
}

function configuration(folder: string, node: string, cpus: number, port: number): string {
  return `ClusterName=test
SlurmctldHost=${node}(127.0.0.1)
SlurmctldPort=${port}
SlurmdPort=${port + 1}
AuthType=auth/munge
AuthInfo=socket=${folder}/run/munge.socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmdPidFile=${folder}/run/slurmd.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=bf_interval=5,sched_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
NodeName=${node} NodeAddr=127.0.0.1 CPUs=${cpus} RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=${node} Default=YES MaxTime=INFINITE State=UP
`;
}
