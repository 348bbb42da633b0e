import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestCertificate } from './certificate.js';

// A Hugging Face hub on loopback: the endpoints that downloads use, as the real one answers them (docs of the hub's API and
// the headers that huggingface_hub's file_download.py reads), and its storage on a port of its own, so another origin.

/** Larger files are in LFS storage, as on the hub. */
const LFS_ABOVE_BYTES = 600;

export interface HubRequest {
  /** The hub itself, or its storage. */
  readonly on: 'hub' | 'storage';
  /** With the query. */
  readonly url: string;
  /** The file asked for; undefined for listings. */
  readonly file: string | undefined;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** What goes wrong with a request. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Ends the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Sends nothing more after so many bytes, and does not end. */
  readonly stallAfter?: number;
  /** Changes the body's last byte. */
  readonly corrupt?: boolean;
  /** Says and sends so many bytes less. */
  readonly shorterBy?: number;
  /** Sends all of it, whatever range was asked for. */
  readonly ignoreRange?: boolean;
  /** Waits between pieces of 64 KiB. */
  readonly pieceDelayMs?: number;
  /** In place of the answer. */
  readonly body?: string;
  /** Answers by itself. */
  readonly answer?: (response: ServerResponse) => void;
}

interface HubFile {
  readonly content: Buffer;
  /** What the listing says; the content's own where nothing else is said. */
  readonly listedSize: number;
  readonly hash: string;
  readonly isLfs: boolean;
}

export class HubServer {
  readonly requests: HubRequest[] = [];
  /** Asked for every request. */
  fault: (request: HubRequest) => Fault | undefined = () => undefined;
  readonly #hub: Server;
  readonly #storage: Server;
  readonly #commits = new Map<string, Map<string, HubFile>>();
  readonly #refs = new Map<string, string>();

  private constructor(certificate: TestCertificate | undefined) {
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer('hub', request, response);
    this.#hub = certificate === undefined ? createServer(answer) : createSecureServer({ ...certificate }, answer);
    this.#storage = createServer((request, response) => void this.#answer('storage', request, response));
  }

  /** @param certificate makes the hub one of https; its storage stays one of http */
  static async start(certificate?: TestCertificate): Promise<HubServer> {
    const server = new HubServer(certificate);
    for (const one of [server.#hub, server.#storage]) {
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
      one.unref();
    }
    return server;
  }

  get endpoint(): string {
    return originOf(this.#hub);
  }

  close(): void {
    for (const one of [this.#hub, this.#storage]) {
      one.closeAllConnections();
      one.close();
    }
  }

  /** Publishes files as a commit that `main` points to. Gives the commit. */
  publish(name: string, files: Record<string, Buffer | string>, listedSizes: Record<string, number> = {}): string {
    const entries = Object.entries(files).map(([file, content]): [string, HubFile] => {
      const bytes = Buffer.from(content);
      const isLfs = bytes.length > LFS_ABOVE_BYTES || !/\.(json|md|jinja)$/.test(file);
      const hash = isLfs ? sha('sha256', bytes) : sha('sha1', Buffer.from(`blob ${bytes.length}\0`), bytes);
      return [file, { content: bytes, listedSize: listedSizes[file] ?? bytes.length, hash, isLfs }];
    });
    const commit = sha('sha1', Buffer.from(JSON.stringify([name, entries.map(([file, { hash }]) => [file, hash])])));
    this.#commits.set(`${name}@${commit}`, new Map(entries));
    this.#refs.set(`${name}@main`, commit);
    this.#refs.set(`${name}@${commit}`, commit);
    return commit;
  }

  /** Publishes the files of a folder. */
  publishFolder(name: string, folder: string): string {
    return this.publish(
      name,
      Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(path.join(folder, file))])),
    );
  }

  tag(name: string, tag: string, commit: string): void {
    this.#refs.set(`${name}@${tag}`, commit);
  }

  /** Requests for files since the last call. */
  takeFileRequests(): HubRequest[] {
    return this.requests.splice(0).filter(({ file }) => file !== undefined);
  }

  async #answer(on: 'hub' | 'storage', request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const { pathname, searchParams } = new URL(url, 'http://hub');
    const [, name, revision, file] =
      /^\/(?:api\/models\/)?((?:(?:api\/)?datasets\/)?[^/]+\/[^/]+)\/(?:revision|tree|resolve|storage)\/([^/]+)(?:\/(.+))?$/
        .exec(pathname)
        ?.map((part: string | undefined) => part && decodeURIComponent(part).replace(/^api\//, '')) ?? [];
    const { range, authorization } = request.headers;
    const logged: HubRequest = { on, url, file, range, authorization };
    this.requests.push(logged);
    const fault = this.fault(logged) ?? {};
    if (fault.answer !== undefined) {
      fault.answer(response);
      return;
    }
    if (fault.status !== undefined || fault.body !== undefined) {
      response.writeHead(fault.status ?? 200, { 'Content-Type': 'application/json', ...fault.headers });
      response.end(fault.body ?? JSON.stringify({ error: `refused ${authorization ?? ''}` }));
      return;
    }
    const commit = this.#refs.get(`${name ?? ''}@${revision ?? ''}`);
    const files = this.#commits.get(`${name ?? ''}@${commit ?? ''}`);
    if (name === undefined || commit === undefined || files === undefined) {
      response.writeHead(404, {
        'X-Error-Code': this.#refs.has(`${name ?? ''}@main`) ? 'RevisionNotFound' : 'RepoNotFound',
      });
      response.end();
    } else if (file !== undefined) {
      await this.#sendFile(on, name, commit, file, files.get(file), range, fault, response);
    } else if (pathname.includes('/tree/')) {
      this.#sendTree(pathname, files, Number(searchParams.get('cursor') ?? 0), response);
    } else {
      sendJson(response, { _id: '1', id: name, sha: commit, private: false, gated: false, downloads: 0, likes: 0 });
    }
  }

  /** Two entries a page, so that clients have to follow the links. */
  #sendTree(pathname: string, files: ReadonlyMap<string, HubFile>, cursor: number, response: ServerResponse): void {
    const entries = [...files].map(([file, { hash, isLfs, listedSize }]) => ({
      type: 'file',
      path: file,
      size: listedSize,
      oid: isLfs ? sha('sha1', Buffer.from(file)) : hash,
      ...(isLfs ? { lfs: { oid: hash, size: listedSize, pointerSize: 130 } } : {}),
    }));
    const next = cursor + 2;
    if (next < entries.length) {
      response.setHeader('Link', `<${this.endpoint}${pathname}?recursive=true&cursor=${next}>; rel="next"`);
    }
    sendJson(response, entries.slice(cursor, next));
  }

  async #sendFile(
    on: 'hub' | 'storage',
    name: string,
    commit: string,
    file: string,
    entry: HubFile | undefined,
    range: string | undefined,
    fault: Fault,
    response: ServerResponse,
  ): Promise<void> {
    if (entry === undefined) {
      response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' });
      response.end();
      return;
    }
    const { content, hash, isLfs } = entry;
    response.setHeader('X-Repo-Commit', commit);
    response.setHeader('ETag', `"${hash}"`);
    if (on === 'hub' && isLfs) {
      response.writeHead(302, {
        'X-Linked-ETag': `"${hash}"`,
        'X-Linked-Size': String(content.length),
        Location: `${originOf(this.#storage)}/${name}/storage/${commit}/${encodeURIComponent(file)}?signature=${hash.slice(0, 8)}`,
      });
      response.end();
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const isRanged = from !== undefined && fault.ignoreRange !== true;
    const start = isRanged ? Number(from) : 0;
    const end = isRanged && to !== '' ? Math.min(Number(to) + 1, content.length) : content.length;
    let body = Buffer.from(content.subarray(start, end - (fault.shorterBy ?? 0)));
    if (fault.corrupt === true && body.length > 0) body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
    if (isRanged) response.setHeader('Content-Range', `bytes ${start}-${start + body.length - 1}/${content.length}`);
    response.writeHead(isRanged ? 206 : 200, { 'Content-Length': body.length, 'Accept-Ranges': 'bytes' });
    const limit = fault.cutAfter ?? fault.stallAfter;
    if (limit !== undefined) body = body.subarray(0, limit);
    for (let position = 0; position < body.length && !response.destroyed; position += 65536) {
      const piece = body.subarray(position, position + 65536);
      await new Promise<void>((resolve) =>
        response.write(piece, () => {
          resolve();
        }),
      );
      if (fault.pieceDelayMs !== undefined) await delay(fault.pieceDelayMs);
    }
    if (fault.cutAfter !== undefined) response.destroy();
    else if (fault.stallAfter === undefined) response.end();
  }
}

function originOf(server: Server): string {
  return `${server instanceof HttpsServer ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

function sha(algorithm: 'sha1' | 'sha256', ...parts: Buffer[]): string {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
