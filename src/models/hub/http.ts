import type { Dispatcher, Response } from 'undici';

import { InformError, messageOf, systemCodeOf } from '../../errors.js';
import { throwIfAborted } from '../../util/abort.js';
import { printable } from '../../util/printable.js';
import { retry, TransientError, type RetryOptions } from '../../util/retry.js';
import { readBody, TooLargeError } from './body.js';
import type { HubEnvironment } from './environment.js';

/** How patient a connection is; tests are less so. */
export interface Patience {
  /** Tries of a request for a listing: someone is waiting to hear that the id is wrong. */
  readonly listingAttempts: number;
  /** Tries in a row of a request for a file that bring less than 1 MiB of it. */
  readonly attempts: number;
  /** Before the second try; it doubles with every further one. */
  readonly firstDelayMs: number;
  /** The longest wait that a hub may ask for (its rate limits last five minutes). */
  readonly longestDelayMs: number;
  /** From the request to the end of the answer's headers. */
  readonly headersMs: number;
  /** A server that sends nothing for so long has stalled. */
  readonly stallMs: number;
  /** The least bytes per second of a listing, on average, once it has taken longer than `stallMs`. */
  readonly leastListingRate: number;
}

const PATIENCE: Patience = {
  listingAttempts: 4,
  attempts: 8,
  firstDelayMs: 1000,
  longestDelayMs: 600_000,
  headersMs: 30_000,
  stallMs: 60_000,
  leastListingRate: 1000,
};

/** A page of the hub's own listings has some hundred kilobytes. */
const MAX_PAGE_BYTES = 32e6;
/** As the standard of fetch allows at least; the hub needs two. */
const MAX_REDIRECTS = 20;

export const DOWNLOAD_INTERRUPTED =
  'The download was interrupted. What has arrived is kept: run the command again to go on.';

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const REDIRECT_STATUS = new Set([301, 302, 303, 307, 308]);

/** OpenSSL's reasons to refuse a certificate, as Node names them. */
const REFUSED_CERTIFICATE = /CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|SELF_SIGNED/;

/**
 * Requests to a hub about one repository: with the token, which only the hub itself gets to see; through the proxy that the
 * environment names; never on plain http once https was spoken. Every failure is one sentence that holds neither the
 * token nor a control character of what a server sent.
 */
export class HubHttp {
  readonly patience: Patience;
  readonly #environment: HubEnvironment;
  readonly #repository: string;
  readonly #onRetry: RetryOptions['onRetry'];
  #dispatcher: Dispatcher | undefined;

  /** @param onRetry called where the request itself names no other */
  constructor(
    environment: HubEnvironment,
    repository: string,
    patience: Partial<Patience> = {},
    onRetry?: RetryOptions['onRetry'],
  ) {
    this.#environment = environment;
    this.#repository = repository;
    this.#onRetry = onRetry;
    this.patience = { ...PATIENCE, ...patience };
  }

  /** `fetch` for @huggingface/hub: answers with a page that has arrived, or throws. */
  fetchPages(signal: AbortSignal | undefined): typeof fetch {
    return async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      const headers = Object.fromEntries(new Headers(init?.headers));
      const options = { attempts: this.patience.listingAttempts, signal };
      return this.retry(options, () => this.#page(url, { signal, headers }));
    };
  }

  /** Tries `work` again as long as it fails with a TransientError and tries are left. */
  retry<T>(
    options: { readonly attempts?: number } & Pick<RetryOptions, 'signal' | 'onRetry'>,
    work: () => Promise<T>,
  ): Promise<T> {
    const { attempts, firstDelayMs } = this.patience;
    return retry(work, {
      attempts,
      onRetry: this.#onRetry,
      ...options,
      firstDelayMs,
      interrupted: DOWNLOAD_INTERRUPTED,
    });
  }

  /**
   * An answer of status 2xx to one request; its body may still fail.
   *
   * @throws TransientError; InformError INFORM_DOWNLOAD_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_ABORTED
   */
  async get(url: string, { signal, headers = {} }: RequestOptions): Promise<Response> {
    let response: Response;
    try {
      response = await this.#follow(url, signal, headers);
    } catch (error) {
      if (error instanceof InformError) throw error;
      throwIfAborted(signal, DOWNLOAD_INTERRUPTED);
      throw this.#unreachable(error);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    const failure = this.#refusal(response);
    if (!this.#isTransient(response)) throw failure;
    const delayMs = askedDelay(response.headers);
    if (delayMs > this.patience.longestDelayMs) throw failure;
    throw new TransientError(failure, { delayMs });
  }

  /** INFORM_DOWNLOAD_FAILED; `what` follows "The hub HOST". */
  failure(what: string, cause?: unknown): InformError {
    const { host } = new URL(this.#environment.endpoint);
    return this.error('INFORM_DOWNLOAD_FAILED', `The hub ${host} ${what}.`, cause);
  }

  /** An error without the token, and whose cause has none either. */
  error(code: InformError['code'], message: string, cause?: unknown): InformError {
    const options = cause === undefined ? {} : { cause: new Error(this.#forPeople(chainText(cause))) };
    return new InformError(code, this.#forPeople(message), options);
  }

  /** Names of files and of addresses are the server's words. */
  #forPeople(text: string): string {
    const { token } = this.#environment;
    return printable(token === undefined ? text : text.replaceAll(token, '[token]'));
  }

  async #page(url: string, options: RequestOptions): Promise<globalThis.Response> {
    const { stallMs, leastListingRate: leastRate } = this.patience;
    const answer = await this.get(url, options);
    try {
      const body = await readBody(answer, { maxBytes: MAX_PAGE_BYTES, stallMs, leastRate });
      return new globalThis.Response(body, { status: answer.status, headers: [...answer.headers] });
    } catch (error) {
      throwIfAborted(options.signal, DOWNLOAD_INTERRUPTED);
      if (error instanceof TooLargeError) {
        throw this.failure(
          `answers with more than ${MAX_PAGE_BYTES / 1e6} MB where it lists ${this.#repository}, which no hub needs. ` +
            'Check HF_ENDPOINT, or download the model by other means',
        );
      }
      throw new TransientError(
        this.failure(
          `does not finish its listing of ${this.#repository}: ${rootMessage(error)}. Run it again later`,
          error,
        ),
      );
    }
  }

  /** The answer behind all redirects. */
  async #follow(
    url: string,
    signal: AbortSignal | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response> {
    const seen = new Set<string>();
    let isSecure = this.#environment.endpoint.startsWith('https:');
    for (let at = this.#address(url); ;) {
      if (isSecure && at.protocol === 'http:') {
        throw this.failure(
          `leads from https to plain http (${at.host}), where anyone on the way could change what is fetched. ` +
            'Nothing was taken from there. Check HF_ENDPOINT, or tell the owner of the hub',
        );
      }
      isSecure = at.protocol === 'https:';
      if (seen.has(at.href) || seen.size > MAX_REDIRECTS) {
        throw this.failure('redirects in a circle. Check HF_ENDPOINT, or tell the owner of the hub');
      }
      seen.add(at.href);
      const response = await this.#fetch(at, signal, headers);
      const location = response.headers.get('Location');
      if (!REDIRECT_STATUS.has(response.status) || location === null) return response;
      await response.body?.cancel();
      at = this.#address(location, at);
    }
  }

  /** What a server gives as an address of its own. */
  #address(text: string, base?: URL): URL {
    const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
      url.hash = '';
      return url;
    }
    const scheme = url === undefined ? 'no address at all' : `an address of the kind ${url.protocol}`;
    throw this.failure(
      `leads to ${scheme}, which is not followed. Only http and https addresses without a user name are. ` +
        'Check HF_ENDPOINT, or tell the owner of the hub',
    );
  }

  async #fetch(
    url: URL,
    signal: AbortSignal | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response> {
    const { endpoint, token } = this.#environment;
    const isHub = url.origin === new URL(endpoint).origin;
    // Loaded where the network is needed: what a cache holds is found without it.
    const { fetch } = await import('undici');
    this.#dispatcher ??= await this.#proxied();
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new Error(`it does not answer within ${this.patience.headersMs / 1000} s`));
    }, this.patience.headersMs);
    try {
      return await fetch(url, {
        headers: {
          ...headers,
          'User-Agent': 'inform-score',
          // Ranges and lengths are those of the file itself.
          'Accept-Encoding': 'identity',
          ...(token !== undefined && isHub ? { Authorization: `Bearer ${token}` } : {}),
        },
        // Each address is checked before it is asked.
        redirect: 'manual',
        dispatcher: this.#dispatcher,
        signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Connections as HTTP_PROXY, HTTPS_PROXY and NO_PROXY want them. */
  async #proxied(): Promise<Dispatcher> {
    const { EnvHttpProxyAgent } = await import('undici');
    try {
      // Plain http is asked of the proxy by its address, as other programs do; a tunnel is for https.
      return new EnvHttpProxyAgent({ proxyTunnel: false });
    } catch {
      // The value itself is not repeated: it may hold a password.
      throw this.error(
        'INFORM_INVALID_CONFIG',
        'HTTP_PROXY or HTTPS_PROXY is no address of a proxy. Give one such as http://proxy.example:8080, or unset it.',
      );
    }
  }

  #unreachable(error: unknown): InformError | TransientError {
    const reason = rootMessage(error);
    const code = systemCodeOf(rootOf(error)) ?? '';
    if (REFUSED_CERTIFICATE.test(code)) {
      return this.failure(
        `shows a certificate that is refused: ${reason} (${code}). Check HF_ENDPOINT and the clock; where a proxy opens ` +
          "connections, name the file of its authority's certificate in NODE_EXTRA_CA_CERTS",
        error,
      );
    }
    return new TransientError(
      this.failure(
        `cannot be reached: ${reason}. Check the connection (and HTTPS_PROXY, if you need a proxy) and run it again`,
        error,
      ),
    );
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
    if (status === 407) {
      return this.failure(
        'is behind a proxy that asks for a name and a password (status 407). Put them into HTTP_PROXY and HTTPS_PROXY, as in http://name:password@proxy.example:8080',
      );
    }
    if (status === 429)
      return this.failure('asks to wait (status 429): too many requests. Run it again in some minutes');
    return this.failure(`answers with status ${status} for ${repository}. Run it again later`);
  }
}

/** What the server asks for, in milliseconds: seconds or a date, or else the reset time of the hub's rate limit; or 0. */
function askedDelay(headers: Response['headers']): number {
  const after = headers.get('Retry-After');
  if (after !== null) {
    const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    if (Number.isFinite(ms)) return Math.max(ms, 0);
  }
  const reset = /;\s*t=(\d+)/.exec(headers.get('RateLimit') ?? '')?.[1]; // "api";r=0;t=55
  return reset === undefined ? 0 : Number(reset) * 1000;
}

/** fetch says "fetch failed"; the reason lies beneath, as one of several where a host has several addresses. */
function rootOf(error: unknown): unknown {
  const below = error instanceof AggregateError ? (error.errors[0] as unknown) : error instanceof Error && error.cause;
  return below instanceof Error ? rootOf(below) : error;
}

function rootMessage(error: unknown): string {
  return messageOf(rootOf(error)).replace(/\.$/, '');
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
