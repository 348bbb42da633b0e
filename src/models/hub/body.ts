import type { Response } from 'undici';

/** A body has more bytes than it may have. */
export class TooLargeError extends Error {}

export interface BodyLimits {
  readonly maxBytes: number;
  /** The longest time without a byte. */
  readonly stallMs: number;
  /** The least bytes per second on average, once `stallMs` are over; 0 for any. */
  readonly leastRate: number;
}

/** All of a body. Throws TooLargeError, an error that says what the server fails to do, and the connection's errors. */
export async function readBody(response: Response, limits: BodyLimits): Promise<Buffer<ArrayBuffer>> {
  const { maxBytes, stallMs, leastRate } = limits;
  const began = performance.now();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response, stallMs)) {
    length += chunk.length;
    if (length > maxBytes) throw new TooLargeError(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
    const ms = performance.now() - began;
    if (ms > stallMs && length < (leastRate * ms) / 1000)
      throw new Error(`less than ${leastRate} bytes a second arrive`);
  }
  return Buffer.concat(chunks);
}

/** The chunks of a body, unless the server falls silent for too long. */
export async function* chunksOf(response: Response, stallMs: number): AsyncGenerator<Uint8Array> {
  const body = response.body as ReadableStream<Uint8Array> | null;
  const reader = body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await within(stallMs, reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing arrived for ${ms / 1000} s`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
