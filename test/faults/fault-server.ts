/**
 * A server with a small database, for clients to which something happens: someone else, whose connection is
 * sound, keeps writing to it, and what it holds can be read at any time.
 */
import { Sandbox, type SandboxSchema } from '../../lib/testing/index.js';
import type { TlsOptions } from '../../lib/wire/tls.js';
import { RawClient } from '../integration/raw-client.js';
import { startCluster, startServer } from '../integration/test-server.js';

/** `Note` is written by others, `Counter` by each client its own row, `Write` by clients, which do not replicate it. */
const SCHEMA: SandboxSchema = {
  name: 'Faults',
  version: '1.0.0',
  tables: {
    Note: {
      columns: { text: { type: 'string' }, tags: { type: { key: 'string', min: 0, max: 'unlimited' } } },
      isRoot: true,
    },
    Counter: { columns: { name: { type: 'string' }, value: { type: 'integer' } }, isRoot: true },
    Write: { columns: { name: { type: 'string' } }, isRoot: true },
  },
};

const NOTES = 3;

/** See the head of this file. */
export class FaultServer implements AsyncDisposable {
  readonly database = SCHEMA.name;
  readonly remote: string;
  readonly raw: RawClient;
  /** What clients need when the remote is an `ssl:` one. */
  readonly tls: TlsOptions | undefined;
  readonly #stopServer: () => Promise<void>;
  #writing: Promise<void> | undefined;
  #stopping = false;
  #written = 0;

  private constructor(remote: string, raw: RawClient, stopServer: () => Promise<void>, tls?: TlsOptions) {
    this.remote = remote;
    this.raw = raw;
    this.#stopServer = stopServer;
    this.tls = tls;
  }

  /**
   * Starts one: standalone, it keeps no history, so that clients get a snapshot whenever they come back; or a cluster
   * of one, which sends them what they missed. `standalone-tls` is as `standalone`, at an `ssl:` remote; it is
   * always a real server.
   */
  static async start(model: 'standalone' | 'standalone-tls' | 'clustered' = 'standalone'): Promise<FaultServer> {
    if (model === 'standalone') {
      const sandbox = await startServer({ schemas: SCHEMA });
      const raw = await RawClient.connect(sandbox.remote, SCHEMA.name);
      return new FaultServer(sandbox.remote, raw, () => sandbox.stop());
    }
    if (model === 'standalone-tls') {
      const sandbox = await Sandbox.start({ schemas: SCHEMA, ssl: true });
      const { privateKey: privateKeyFile, certificate: certificateFile, ca: caCertFile } = sandbox.tls;
      const raw = await RawClient.connect(sandbox.remote, SCHEMA.name);
      const tls = { privateKeyFile, certificateFile, caCertFile };
      return new FaultServer(sandbox.sslRemote, raw, () => sandbox.stop(), tls);
    }
    const cluster = await startCluster(SCHEMA);
    const { remote } = cluster;
    return new FaultServer(remote, await RawClient.connect(remote, SCHEMA.name), () => cluster.stop());
  }

  /** Begins to write notes, with pauses: inserts, changes of sets, deletes. */
  startWriting(pauseMs = 4): void {
    this.#stopping = false;
    this.#writing ??= this.#write(pauseMs);
  }

  /** Ends {@link startWriting}; rejects with what went wrong with it. */
  async stopWriting(): Promise<void> {
    this.#stopping = true;
    await this.#writing;
    this.#writing = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopWriting();
    this.raw[Symbol.dispose]();
    await this.#stopServer();
  }

  async #write(pauseMs: number): Promise<void> {
    while (!this.#stopping) {
      const number = this.#written++;
      const where = (age: number): unknown[] => [['text', '==', textOf(number - age)]];
      const change = (age: number, mutator: string): object => ({
        op: 'mutate',
        table: 'Note',
        where: where(age),
        mutations: [['tags', mutator, ['set', ['changed', `by ${number}`]]]],
      });
      await this.raw.commit({ op: 'insert', table: 'Note', row: { text: textOf(number), tags: 'new' } });
      await this.raw.commit(change(0, 'insert'), change(1, 'delete'));
      await this.raw.commit({ op: 'delete', table: 'Note', where: where(NOTES) });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** With everything that could be taken for the end of something, and characters of several bytes. */
function textOf(number: number): string {
  return `note ${number}: "}]}]}]}]}]\\ größe 😀`;
}
