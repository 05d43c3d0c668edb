/** What the kubelet and Prometheus ask: `/healthz`, `/readyz` and `/metrics`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What there is to tell. */
export interface HealthSource {
  /** Why the controller is not ready, for people; undefined when it is. */
  notReady(): string | undefined;
  metrics(): string;
}

/** Where to listen; all addresses of the machine when there is no host. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** Serves the three pages. */
export class HealthServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens there: without a host on all addresses, IPv4 and IPv6; port 0 is any free one. Rejects when that cannot be. */
  static async start({ host, port }: ListenAddress, source: HealthSource): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const answer = (status: number, body: string): void => {
        response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(`${body}\n`);
      };
      // Not every request target is a URL: that of "GET //" is none.
      const [path] = (request.url ?? '').split('?');
      if (path === '/healthz') answer(200, 'ok');
      else if (path === '/readyz') {
        // A controller that is not ready needs no restart: it waits for others, and says for whom.
        const reason = source.notReady();
        answer(reason === undefined ? 200 : 503, reason ?? 'ok');
      } else if (path === '/metrics') answer(200, source.metrics().trimEnd());
      else answer(404, 'there are /healthz, /readyz and /metrics');
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, ...(host !== undefined && { host }) }, resolve);
    });
    return new HealthServer(server);
  }

  /** Where it listens. */
  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
