// Loaded into a process with --import: whatever would reach the network fails, and is written to standard error first.
import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';

function refuse(what: string): () => never {
  return () => {
    process.stderr.write(`NETWORK: ${what}\n`);
    throw new Error(`${what} was called`);
  };
}

// All of node's clients (http, https, tls, fetch) connect through this.
net.Socket.prototype.connect = refuse('connect');
dgram.Socket.prototype.send = refuse('send');
dns.lookup = refuse('lookup') as unknown as typeof dns.lookup;
globalThis.fetch = refuse('fetch');
