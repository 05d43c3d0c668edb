/**
 * A private ovsdb-server for tests, examples and demos: its own temporary folder, loopback only, gone
 * without trace afterwards, however the host process ends.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { InvalidArgumentError, OvsdbError } from '../errors.js';
import { requireExecutable, requireNorthboundSchema, runProgram, toolEnvironment } from './executable.js';
import { OvsdbProcess, type EndingSignal } from './ovsdb-process.js';
import { makePki, type SandboxTls } from './pki.js';
import { schemaFile, type SandboxSchema } from './sandbox-files.js';
import { SandboxHome } from './sandbox-home.js';

/** What a {@link Sandbox} serves, and where it listens besides its unix socket. */
export interface SandboxOptions {
  /**
   * Schemas of the databases to serve: paths of `.ovsschema` files or schema objects, one or several.
   * Default: the northbound schema of the installed OVN; none for a relay.
   */
  schemas?: string | SandboxSchema | readonly (string | SandboxSchema)[];
  /**
   * Be a relay (ovsdb(7), "Relay Service Model") for a database of other servers, for example of a cluster's members:
   * `{ database: cluster.database, remotes: cluster.remotes }`. Starting waits until it serves the database.
   */
  relay?: { readonly database: string; readonly remotes: readonly string[] };
  /** Also listen on `tcp:127.0.0.1`, on a port that the kernel chooses. Default false. */
  tcp?: boolean;
  /** Also listen on `tcp:[::1]`. Default false. */
  tcp6?: boolean;
  /**
   * Also listen on `ssl:127.0.0.1`, with certificates made for this sandbox; see {@link Sandbox.tls}.
   * With `{ hostNames: true }` the server certificate names the host; otherwise, like one made by
   * ovs-pki(8), it does not. Default false.
   */
  ssl?: boolean | { hostNames: boolean };
  /** Further arguments for ovsdb-server(1), for example `--remote=db:OVN_Northbound,NB_Global,connections`. */
  serverArguments?: readonly string[];
  /** How long the server may take until its first answer. Default 10,000 ms. */
  startTimeoutMs?: number;
}

type Listener = 'tcp' | 'tcp6' | 'ssl';

const TOOL_TIMEOUT_S = 15;

/** A running private ovsdb-server. Made by {@link Sandbox.start}, ended by {@link Sandbox.stop} or `await using`. */
export class Sandbox implements AsyncDisposable {
  /** The sandbox's folder; removed by {@link Sandbox.stop}. */
  readonly directory: string;
  /** The unix socket as a remote, `unix:/…/db.sock`. */
  readonly remote: string;
  readonly #process: OvsdbProcess;
  readonly #home: SandboxHome;
  readonly #serverArguments: readonly string[];
  /** Database name to file, in the order of creation. */
  readonly #files = new Map<string, string>();
  readonly #ports = new Map<Listener, number>();
  #tls: SandboxTls | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(home: SandboxHome, options: SandboxOptions) {
    this.directory = home.directory;
    this.#home = home;
    this.#process = new OvsdbProcess({
      directory: home.directory,
      ...(options.startTimeoutMs !== undefined && { startTimeoutMs: options.startTimeoutMs }),
    });
    home.killNow = () => this.#process.killNow();
    this.remote = `unix:${this.#process.socketPath}`;
    const { relay, serverArguments = [] } = options;
    const relayed = relay === undefined ? [] : [`relay:${relay.database}:${relay.remotes.join(',')}`];
    this.#serverArguments = [...serverArguments, ...relayed];
    if (options.tcp === true) this.#ports.set('tcp', 0);
    if (options.tcp6 === true) this.#ports.set('tcp6', 0);
    if (options.ssl !== undefined && options.ssl !== false) this.#ports.set('ssl', 0);
  }

  /**
   * Starts a private server; resolves when it answers. Throws {@link OvsdbError}: `SandboxMissing` when
   * a program is not installed (the message names the packages), `SandboxStart` when the server does
   * not come up (the message holds its log), `SandboxCommand` for a schema that ovsdb-tool(1) refuses.
   */
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const startedAt = new Error('sandbox started here').stack ?? '';
    requireExecutable('ovsdb-server');
    requireExecutable('ovsdb-tool');
    const { relay } = options;
    const given = options.schemas ?? (relay === undefined ? requireNorthboundSchema() : []);
    const schemas = isList(given) ? given : [given];
    const sandbox = new Sandbox(await SandboxHome.make(startedAt), options);
    try {
      const makeTls = async (): Promise<void> => {
        if (!sandbox.#ports.has('ssl')) return;
        const hostNames = typeof options.ssl === 'object' && options.ssl.hostNames;
        sandbox.#tls = await makePki(sandbox.directory, hostNames);
      };
      await Promise.all([makeTls(), ...schemas.map(async (schema) => sandbox.#createFile(schema))]);
      await sandbox.#startProcess();
      if (relay !== undefined) await sandbox.client('wait', relay.database, 'connected');
      return sandbox;
    } catch (error) {
      await sandbox.stop();
      throw error;
    }
  }

  /** Process id of the server, undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** `tcp:127.0.0.1:PORT`; the port stays the same across restarts. Throws without the option `tcp`. */
  get tcpRemote(): string {
    return `tcp:127.0.0.1:${this.#port('tcp')}`;
  }

  /** `tcp:[::1]:PORT`. Throws without the option `tcp6`. */
  get tcp6Remote(): string {
    return `tcp:[::1]:${this.#port('tcp6')}`;
  }

  /** `ssl:127.0.0.1:PORT`. Throws without the option `ssl`. */
  get sslRemote(): string {
    return `ssl:127.0.0.1:${this.#port('ssl')}`;
  }

  /** Keys and certificates of the sandbox. Throws without the option `ssl`. */
  get tls(): SandboxTls {
    if (this.#tls === undefined) throw notListening('ssl');
    return this.#tls;
  }

  /** Names of the databases served, a relayed one excepted. */
  get databases(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Path of the server's log, which holds all of its runs. */
  get logPath(): string {
    return this.#process.logPath;
  }

  /** Ends the server if it runs and starts it again with the same databases, contents and ports. */
  async restart(): Promise<void> {
    this.#checkNotStopped('restart');
    await this.#process.stop();
    await this.#startProcess();
  }

  /** Ends the server with a signal, by default as a crash would, and waits until it is gone. {@link Sandbox.restart} brings it back. */
  async kill(signal: EndingSignal = 'SIGKILL'): Promise<void> {
    this.#checkNotStopped('kill');
    await this.#process.kill(signal);
  }

  /** Freezes the server: connections stay open, nothing is answered, until {@link Sandbox.resume}. */
  async pause(): Promise<void> {
    await this.#process.pause();
  }

  /** Lets a paused server go on. */
  resume(): void {
    this.#process.resume();
  }

  /** Ends the server and removes the folder. Idempotent; works in every state. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#end();
    await this.#stopped;
  }

  /** Stops it, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Runs a command of ovsdb-server's control socket, see ovs-appctl(8), and returns its output. */
  async appctl(...args: readonly string[]): Promise<string> {
    return this.#run('ovs-appctl', [`--timeout=${TOOL_TIMEOUT_S}`, `--target=${this.#process.controlPath}`, ...args]);
  }

  /** Runs ovn-nbctl(8) on the northbound database and returns its output. */
  async nbctl(...args: readonly string[]): Promise<string> {
    return this.#run('ovn-nbctl', [`--timeout=${TOOL_TIMEOUT_S}`, `--db=${this.remote}`, ...args]);
  }

  /**
   * Runs ovsdb-client(1) and returns its output. The server is put in after the command's name:
   * `client('dump', 'OVN_Northbound')` runs `ovsdb-client dump unix:… OVN_Northbound`.
   */
  async client(command: string, ...args: readonly string[]): Promise<string> {
    return this.#run('ovsdb-client', [`--timeout=${TOOL_TIMEOUT_S}`, command, this.remote, ...args]);
  }

  /** Creates an empty database and has the running server serve it. Returns its name. */
  async addDatabase(schema: string | SandboxSchema): Promise<string> {
    this.#checkNotStopped('add a database to');
    const name = await this.#createFile(schema);
    try {
      await this.appctl('ovsdb-server/add-db', this.#file(name));
    } catch (error) {
      await this.#removeFile(name);
      throw error;
    }
    return name;
  }

  /** Has the server stop serving a database, and deletes it. */
  async removeDatabase(name: string): Promise<void> {
    this.#file(name);
    await this.appctl('ovsdb-server/remove-db', name);
    await this.#removeFile(name);
  }

  /** Converts the database that the schema names to that schema, on the running server (`convert` of ovsdb-server(7)). */
  async convert(schema: string | SandboxSchema): Promise<void> {
    const { name, path } = await schemaFile(schema, this.directory);
    this.#file(name);
    await this.client('convert', path);
  }

  async #run(program: string, args: readonly string[]): Promise<string> {
    this.#checkNotStopped(`run ${program} on`);
    return runProgram(program, args, {
      env: toolEnvironment({ OVS_RUNDIR: this.directory, OVN_RUNDIR: this.directory }),
    });
  }

  async #startProcess(): Promise<void> {
    const targets = [...this.#ports].map(([listener, port]) => ({
      listener,
      port,
      target: listenTarget(listener, port),
    }));
    const tls = this.#tls;
    await this.#process.start([
      ...targets.map(({ listener, target }) => `--remote=${listener === 'ssl' ? 'pssl' : 'ptcp'}:${target}`),
      ...(tls === undefined
        ? []
        : [`--private-key=${tls.serverPrivateKey}`, `--certificate=${tls.serverCertificate}`, `--ca-cert=${tls.ca}`]),
      ...this.#serverArguments,
      ...this.#files.values(),
    ]);
    for (const { listener, port, target } of targets) {
      // The chosen port is kept for later starts, so that clients find a restarted server again.
      if (port === 0) this.#ports.set(listener, this.#process.chosenPort(target));
    }
  }

  async #createFile(schema: string | SandboxSchema): Promise<string> {
    const { name, path } = await schemaFile(schema, this.directory);
    if (this.#files.has(name)) throw new InvalidArgumentError(`The sandbox already has a database ${name}`);
    const file = join(this.directory, `${name}.db`);
    this.#files.set(name, file);
    try {
      await runProgram('ovsdb-tool', ['create', file, path]);
    } catch (error) {
      this.#files.delete(name);
      throw error;
    }
    return name;
  }

  async #removeFile(name: string): Promise<void> {
    await rm(this.#file(name), { force: true });
    this.#files.delete(name);
  }

  #file(name: string): string {
    const file = this.#files.get(name);
    if (file === undefined) {
      throw new InvalidArgumentError(`The sandbox has no database ${name}; it has ${this.databases.join(', ')}`);
    }
    return file;
  }

  #port(listener: Listener): number {
    const port = this.#ports.get(listener);
    if (port === undefined) throw notListening(listener);
    return port;
  }

  #checkNotStopped(verb: string): void {
    if (this.#stopped !== undefined) {
      throw new OvsdbError('SandboxState', `Cannot ${verb} the sandbox in ${this.directory}: it was stopped`);
    }
  }

  async #end(): Promise<void> {
    await this.#process.stop();
    await this.#home.remove();
  }
}

/**
 * Text of a listener for `ptcp:` or `pssl:`. The log reports a port that the kernel chose next to this
 * text only, so listeners on the same address get zeros of different length to tell them apart.
 */
function listenTarget(listener: Listener, port: number): string {
  switch (listener) {
    case 'tcp':
      return `${port}:127.0.0.1`;
    case 'tcp6':
      return `${port}:[::1]`;
    case 'ssl':
      return `0${port}:127.0.0.1`;
  }
}

function notListening(option: Listener): InvalidArgumentError {
  return new InvalidArgumentError(`This sandbox was started without the option ${option}: true`);
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
