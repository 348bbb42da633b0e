/**
 * The engine's process, which `engine-process.ts` starts: loads a model and scores what it is sent. It holds all that may
 * crash, and nothing that would be missed.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { listDevices } from '../addon/device-report.js';
import { drainLog } from '../addon/log.js';
import { toInformError, InformError } from '../errors.js';
import type { Job } from '../scoring/score-stream.js';
import { LoadedModel } from '../scoring/loaded-model.js';
import { PipelineStats } from '../scoring/pipeline-stats.js';
import { Inbox } from './inbox.js';
import { toSent, type Order, type Reply, type SentOutcome, type SentSample, type Work } from './protocol.js';

if (process.send === undefined) throw new Error('This file is started by inform-score.');
const channel = process.send.bind(process);

// Ctrl-C reaches every process of the terminal's group; the supervisor decides what it means.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => undefined);

// The supervisor is gone without a word. A batch in native code would hold up every other way to end.
process.once('disconnect', () => {
  process.kill(process.pid, 'SIGKILL');
});

// What every model needs, while the supervisor looks for this one. A failure is said when the model is loaded.
void listDevices().catch(() => undefined);

let model: LoadedModel | undefined;
let run: { inbox: Inbox<SentSample>; stop: AbortController } | undefined;

process.on('message', (order: Order) => {
  switch (order.type) {
    case 'load':
      void load(order);
      break;
    case 'begin':
      run = { inbox: new Inbox(reportTaken), stop: new AbortController() };
      void score(run.inbox, order.live, run.stop.signal);
      break;
    case 'samples':
      run?.inbox.put(order.samples);
      break;
    case 'end':
      run?.inbox.end();
      break;
    case 'stop':
      run?.stop.abort();
      run?.inbox.end();
      break;
    case 'close':
      void close();
  }
});

async function load(order: Extract<Order, { type: 'load' }>): Promise<void> {
  try {
    model = await LoadedModel.load(order.model, {
      onProgress: (fraction) => {
        void send({ type: 'loading', fraction });
      },
    });
    await send({ type: 'loaded', info: model.info, log: drainLog() });
  } catch (error) {
    await send({ type: 'failed', error: toSent(toInformError(error)) });
  }
}

async function close(): Promise<void> {
  run?.stop.abort();
  await model?.close();
  process.removeAllListeners('disconnect');
  process.disconnect();
}

async function score(inbox: Inbox<SentSample>, live: boolean, signal: AbortSignal): Promise<void> {
  const stats = new PipelineStats();
  const outcomes = new Outbox((ready) => send({ type: 'outcomes', outcomes: ready, work: workOf(stats) }));
  let error: InformError | undefined;
  try {
    if (model === undefined) throw new InformError('INFORM_INTERNAL', 'A run began before its model was loaded.');
    for await (const outcome of model.scoreJobs(jobs(inbox), { live, signal, stats, onNative })) {
      const { tag: index, ...result } = outcome;
      outcomes.put(result.error ? { index, error: toSent(result.error) } : { index, ...result });
    }
  } catch (thrown) {
    error = toInformError(thrown);
  }
  await outcomes.flush();
  await send({ type: 'ended', ...(error && { error: toSent(error) }), log: drainLog() });
}

/** Stands in for a sample that the supervisor has rejected already. */
const REJECTED = new InformError('INFORM_INVALID_SAMPLE', 'The supervisor has rejected this sample.');

async function* jobs(inbox: Inbox<SentSample>): AsyncGenerator<Job<number>> {
  for await (const { index, messages, characters } of inbox) {
    yield { tag: index, conversation: messages ?? REJECTED, characters };
  }
}

let sets = 0;

async function onNative(indices: readonly number[]): Promise<() => void> {
  const set = sets++;
  // Waited for, so that it has left this process before native code can end it.
  await send({ type: 'entered', set, indices });
  return () => {
    void send({ type: 'left', set });
  };
}

function reportTaken(count: number): void {
  void send({ type: 'taken', count });
}

/** Gathers the outcomes of one turn of the event loop, which are about a batch's, into one message. */
class Outbox {
  #ready: SentOutcome[] = [];
  #turn: Promise<void> | undefined;

  constructor(private readonly send: (outcomes: SentOutcome[]) => Promise<void>) {}

  put(outcome: SentOutcome): void {
    this.#ready.push(outcome);
    this.#turn ??= nextTurn().then(() => this.flush());
  }

  async flush(): Promise<void> {
    this.#turn = undefined;
    if (this.#ready.length > 0) await this.send(this.#ready.splice(0));
  }
}

function workOf({ samples, batches, halved, tokensSeen, tokensComputed, seconds }: PipelineStats): Work {
  return { samples, batches, halved, tokensSeen, tokensComputed, seconds };
}

/** Resolves when the message has left this process. One that cannot is for a supervisor that is gone. */
function send(reply: Reply): Promise<void> {
  return new Promise((resolve) => {
    channel(reply, () => {
      resolve();
    });
  });
}
