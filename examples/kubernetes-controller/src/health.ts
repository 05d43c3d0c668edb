/** What the kubelet and Prometheus ask: `/healthz`, `/readyz` and `/metrics`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What there is to tell. */
export interface HealthSource {
  /** Why the controller is not ready, for people; undefined when it is. */
  notReady(): string | undefined;
  metrics(): string;
}

/** Serves the three pages. */
export class HealthServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on `HOST:PORT`; port 0 stands for any free one. Rejects when that cannot be. */
  static async start(
    address: { readonly host: string; readonly port: number },
    source: HealthSource,
  ): Promise<HealthServer> {
    const server = createServer((request, response) => {
      const answer = (status: number, body: string): void => {
        response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(`${body}\n`);
      };
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      if (pathname === '/healthz') answer(200, 'ok');
      else if (pathname === '/readyz') {
        // A controller that is not ready needs no restart: it waits for others, and says for whom.
        const reason = source.notReady();
        answer(reason === undefined ? 200 : 503, reason ?? 'ok');
      } else if (pathname === '/metrics') answer(200, source.metrics().trimEnd());
      else answer(404, 'there are /healthz, /readyz and /metrics');
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address.port, address.host, resolve);
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
