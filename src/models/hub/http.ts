import { setTimeout as delay } from 'node:timers/promises';

import { abortError } from '../../util/abort.js';
import { InformError, messageOf } from '../../errors.js';
import type { HubEnvironment } from './environment.js';

/** How patient a connection is; tests are less so. */
export interface Patience {
  /** Tries of a request for a listing: someone is waiting to hear that the id is wrong. */
  readonly listingAttempts: number;
  /** Tries of a request for a file, and of a file that hardly grows in between. */
  readonly attempts: number;
  /** Before the second try; it doubles with every further one. */
  readonly firstDelayMs: number;
  /** The longest wait that a hub may ask for (its rate limits last five minutes). */
  readonly longestDelayMs: number;
  /** A server that sends nothing for so long has stalled. */
  readonly stallMs: number;
}

const PATIENCE: Patience = {
  listingAttempts: 4,
  attempts: 8,
  firstDelayMs: 1000,
  longestDelayMs: 600_000,
  stallMs: 60_000,
};

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: RequestInit['headers'] | undefined;
  readonly attempts?: number | undefined;
  /** Called with the failure before the next try. */
  readonly onRetry?: ((failure: InformError) => void) | undefined;
}

const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Requests to a hub about one repository: with the token, which only the hub itself gets to see; tried again where that
 * helps; every failure one sentence that holds neither the token nor anything a server sent.
 */
export class HubHttp {
  readonly patience: Patience;
  readonly #environment: HubEnvironment;
  readonly #repository: string;

  constructor(environment: HubEnvironment, repository: string, patience: Partial<Patience> = {}) {
    this.#environment = environment;
    this.#repository = repository;
    this.patience = { ...PATIENCE, ...patience };
  }

  /** `fetch` for @huggingface/hub: answers with success or throws. */
  fetchWith(signal: AbortSignal | undefined): typeof fetch {
    const attempts = this.patience.listingAttempts;
    return (input, init) =>
      this.get(input instanceof Request ? input.url : String(input), { signal, headers: init?.headers, attempts });
  }

  /**
   * An answer of status 2xx; its body may still fail.
   *
   * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_ABORTED
   */
  async get(url: string, options: RequestOptions): Promise<Response> {
    const { signal, headers, attempts = this.patience.attempts } = options;
    for (let attempt = 1; ; attempt++) {
      let failure: InformError;
      let askedDelayMs: number | undefined;
      try {
        const response = await this.#fetch(url, signal, new Headers(headers));
        if (response.ok) return response;
        await response.body?.cancel();
        failure = this.#refusal(response);
        if (!this.#isTransient(response)) throw failure;
        askedDelayMs = askedDelay(response.headers);
      } catch (error) {
        if (error instanceof InformError) throw error;
        throwIfAborted(signal);
        failure = this.failure(
          `cannot be reached: ${rootMessage(error)}. Check the connection and run it again`,
          error,
        );
      }
      if (attempt >= attempts) throw failure;
      if (askedDelayMs !== undefined && askedDelayMs > this.patience.longestDelayMs) throw failure;
      await this.pause(attempt, failure, options, askedDelayMs);
    }
  }

  /** Waits before the try that follows the given one. */
  async pause(attempt: number, failure: InformError, { signal, onRetry }: RequestOptions, askedMs = 0): Promise<void> {
    const { firstDelayMs } = this.patience;
    onRetry?.(failure);
    // Clients that were cut off together must not come back together.
    const backOff = firstDelayMs * 2 ** (attempt - 1) * (1 + Math.random() / 4);
    await delay(Math.max(askedMs, backOff), undefined, { signal }).catch(() => undefined);
    throwIfAborted(signal);
  }

  /** INFORM_DOWNLOAD_FAILED; `what` follows "The hub HOST". */
  failure(what: string, cause?: unknown): InformError {
    const { host } = new URL(this.#environment.endpoint);
    return this.error('INFORM_DOWNLOAD_FAILED', `The hub ${host} ${what}.`, cause);
  }

  /** An error without the token, and whose cause has none either. */
  error(code: InformError['code'], message: string, cause?: unknown): InformError {
    const options = cause === undefined ? {} : { cause: new Error(this.#withoutToken(chainText(cause))) };
    return new InformError(code, this.#withoutToken(message), options);
  }

  #withoutToken(text: string): string {
    const { token } = this.#environment;
    return token === undefined ? text : text.replaceAll(token, '[token]');
  }

  /** fetch follows redirects and drops the Authorization header when one leads to another origin, as its standard says. */
  async #fetch(url: string, signal: AbortSignal | undefined, headers: Headers): Promise<Response> {
    const { endpoint, token } = this.#environment;
    if (token !== undefined && new URL(url).origin === new URL(endpoint).origin) {
      headers.set('Authorization', `Bearer ${token}`);
    }
    headers.set('User-Agent', 'inform-score');
    // Ranges and lengths are those of the file itself.
    headers.set('Accept-Encoding', 'identity');
    const stalled = new AbortController();
    const timer = setTimeout(() => {
      stalled.abort(new Error('it does not answer'));
    }, this.patience.stallMs);
    try {
      const signals = signal === undefined ? [stalled.signal] : [signal, stalled.signal];
      return await fetch(url, { headers, signal: AbortSignal.any(signals) });
    } finally {
      clearTimeout(timer);
    }
  }

  #isTransient({ status, url }: Response): boolean {
    // A signed address of the hub's storage has expired; the hub gives a new one.
    const isStorage = new URL(url).origin !== new URL(this.#environment.endpoint).origin;
    return TRANSIENT_STATUS.has(status) || (isStorage && status === 403);
  }

  #refusal({ status, headers }: Response): InformError {
    const { endpoint, token } = this.#environment;
    const repository = this.#repository;
    const page = `${endpoint}/${repository}`;
    const reason = headers.get('X-Error-Code');
    if (status === 403 || reason === 'GatedRepo') {
      return this.error(
        'INFORM_DOWNLOAD_FAILED',
        `${repository} is gated (status ${status}). Accept its licence on ${page}, then set HF_TOKEN to a token of that account that may read it.`,
      );
    }
    if (status === 401) {
      return this.error(
        'INFORM_DOWNLOAD_FAILED',
        token === undefined
          ? `${repository} does not exist, or is private or gated (status 401). Check the id; accept the licence on ${page} where it has one, and set HF_TOKEN.`
          : `The hub does not accept the access token (status 401). Set HF_TOKEN to a valid one, or to none for public models.`,
      );
    }
    if (status === 404) {
      const what =
        reason === 'RevisionNotFound'
          ? `${repository} has no such revision`
          : reason === 'EntryNotFound'
            ? `A file of ${repository} is gone from the hub`
            : `${repository} does not exist on the hub, or this account may not see it`;
      return this.error('INFORM_MODEL_NOT_FOUND', `${what} (status 404). Check the id on ${endpoint}.`);
    }
    if (status === 429)
      return this.failure('asks to wait (status 429): too many requests. Run it again in some minutes');
    return this.failure(`answers with status ${status} for ${repository}. Run it again later`);
  }
}

/** @throws InformError INFORM_ABORTED */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  if (signal.reason instanceof InformError) throw signal.reason;
  throw abortError(signal, 'The download was interrupted. What has arrived is kept: run the command again to go on.');
}

/** What the server asks for, in milliseconds: seconds or a date, or else the reset time of the hub's rate limit. */
function askedDelay(headers: Headers): number | undefined {
  const after = headers.get('Retry-After');
  if (after !== null) {
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    if (Number.isFinite(ms)) return Math.max(ms, 0);
  }
  const reset = /;\s*t=(\d+)/.exec(headers.get('RateLimit') ?? '')?.[1]; // "api";r=0;t=55
  return reset === undefined ? undefined : Number(reset) * 1000;
}

/** fetch says "fetch failed"; the reason lies beneath. */
function rootMessage(error: unknown): string {
  return messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
}

function chainText(error: unknown): string {
  const texts: string[] = [];
  for (
    let link = error;
    link !== undefined && texts.length < 5;
    link = link instanceof Error ? link.cause : undefined
  ) {
    texts.push(messageOf(link));
  }
  return texts.join(': ');
}
