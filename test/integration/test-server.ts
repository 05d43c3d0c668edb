/**
 * The server of a test: a real ovsdb-server, or the embedded one when `TEST_SERVER` says so. The files that use this are
 * run on both (test/run.mjs), so that what a client meets is the same. Tests of what only the real one has, such as TLS,
 * files and control sockets, start a `Sandbox`, and stand in {@link onRealServer} when they share a file with others.
 */
import { dirname } from 'node:path';

import {
  ClusterSandbox,
  EmbeddedServer,
  Sandbox,
  type SandboxOptions,
  type SandboxSchema,
} from '../../lib/testing/index.js';
import { requireNorthboundSchema, runProgram } from '../../lib/testing/executable.js';
import { RawClient } from './raw-client.js';

/** What both servers can do. */
export interface TestServer extends AsyncDisposable {
  /** A folder for files of the test, which goes with the server. */
  readonly directory: string;
  /** Its unix socket. */
  readonly remote: string;
  /** Throws without the option `tcp`. */
  readonly tcpRemote: string;
  /** Runs ovn-nbctl on the server. */
  nbctl(...args: readonly string[]): Promise<string>;
  /** Runs ovsdb-client on the server. */
  client(command: string, ...args: readonly string[]): Promise<string>;
  /** Converts the database that the schema names. */
  convert(schema: SandboxSchema): Promise<void>;
  /** Ends it as a crash does. Contents stay for {@link restart}. */
  kill(): Promise<void>;
  /** Ends it, if it runs, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What both have as a cluster of one server, which keeps a history for clients that come back. */
export type TestCluster = Pick<TestServer, 'remote' | 'convert' | 'stop'>;

/** See `SandboxOptions`. */
export type TestServerOptions = Pick<SandboxOptions, 'schemas' | 'tcp'>;

const isEmbedded = isEmbeddedChosen(process.env['TEST_SERVER']);

/** Starts one of the kind that was chosen, by default with the northbound schema that is installed. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  if (!isEmbedded) return Sandbox.start(options);
  const { schemas = requireNorthboundSchema(), tcp = false } = options;
  return new EmbeddedTestServer(await EmbeddedServer.start({ schemas, tcp }));
}

/** As {@link startServer}, as a cluster of one. */
export async function startCluster(schema: SandboxSchema): Promise<TestCluster> {
  if (isEmbedded) return new EmbeddedTestServer(await EmbeddedServer.start({ schemas: schema, members: 1 }));
  const cluster = await ClusterSandbox.start({ members: 1, schema });
  const { remote } = cluster.members[0]!;
  return { remote, convert: async (next) => convert(remote, next), stop: () => cluster.stop() };
}

/** Defines tests of what the embedded server does not have: they are there only when the server is a real one. */
export function onRealServer(define: () => void): void {
  if (!isEmbedded) define();
}

/** The real server that {@link startServer} has started, for tests in {@link onRealServer}. */
export function asSandbox(server: TestServer): Sandbox {
  if (server instanceof Sandbox) return server;
  throw new Error('this test is for a real ovsdb-server: put it into onRealServer');
}

class EmbeddedTestServer implements TestServer {
  readonly directory: string;
  readonly remote: string;
  readonly #server: EmbeddedServer;

  constructor(server: EmbeddedServer) {
    this.#server = server;
    this.remote = server.remote;
    this.directory = dirname(server.remote.slice('unix:'.length));
  }

  get tcpRemote(): string {
    return this.#server.tcpRemote;
  }

  async nbctl(...args: readonly string[]): Promise<string> {
    return runProgram('ovn-nbctl', ['--timeout=15', `--db=${this.remote}`, ...args]);
  }

  async client(command: string, ...args: readonly string[]): Promise<string> {
    return runProgram('ovsdb-client', ['--timeout=15', command, this.remote, ...args]);
  }

  async convert(schema: SandboxSchema): Promise<void> {
    await convert(this.remote, schema);
  }

  async kill(): Promise<void> {
    this.#server.crash();
    return Promise.resolve();
  }

  async restart(): Promise<void> {
    this.#server.crash();
    this.#server.restore();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function convert(remote: string, schema: SandboxSchema): Promise<void> {
  using raw = await RawClient.connect(remote, schema.name);
  await raw.convert(schema);
}

function isEmbeddedChosen(name = 'real'): boolean {
  if (name === 'real' || name === 'embedded') return name === 'embedded';
  throw new Error(`TEST_SERVER is ${name}; it may be real or embedded`);
}
