/**
 * One member of a cluster sandbox: an ovsdb-server with its own folder, database file and sockets.
 *
 * Its raft address is `unix:NAME`, a path relative to the run-time folder (OVS_RUNDIR), and each member
 * has a run-time folder of its own. So the same address leads each member to another socket: its own
 * to the one it listens on, another's to a link that ends at that member, and that can be cut.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { InvalidArgumentError, OvsdbError } from '../errors.js';
import { performance } from '../timer.js';
import { parseClusterStatus, type ClusterStatus } from './cluster-status.js';
import { control } from './control.js';
import { runProgram } from './executable.js';
import { Link } from './link.js';
import { OvsdbProcess, type EndingSignal } from './ovsdb-process.js';
import type { SandboxTls } from './pki.js';

/** What a {@link ClusterMember} is made from. */
export interface ClusterMemberOptions {
  /** The cluster's folder; the member gets one of its own in it. */
  readonly directory: string;
  /** A name that is a file name and that no member had before. */
  readonly name: string;
  readonly database: string;
  readonly tls: SandboxTls | undefined;
  readonly serverArguments: readonly string[];
  readonly startTimeoutMs: number | undefined;
}

/** What the first member's database is made from, or whom a further member joins. */
export type ClusterOrigin =
  { readonly schemaPath: string; readonly electionTimerMs: number } | { readonly remotes: readonly string[] };

const POLL_MS = 10;
const LEAVE_TIMEOUT_MS = 15_000;
/** The kernel chooses the ports; the log tells them apart by their texts. */
const TCP_TARGET = '0:127.0.0.1';
const SSL_TARGET = '00:127.0.0.1';

/** A member of a {@link ClusterSandbox}. It is made by the cluster, and ended with it. */
export class ClusterMember {
  /** `s1`, `s2`, ... in the order in which they were added. */
  readonly name: string;
  /** Folder of its files. */
  readonly directory: string;
  /** Its unix socket as a remote. It can be reached while the member is cut off: for a look inside. */
  readonly remote: string;
  readonly #database: string;
  readonly #process: OvsdbProcess;
  readonly #options: ClusterMemberOptions;
  readonly #links = new Map<string, Link>();
  readonly #doors = new Map<'tcp' | 'ssl', { readonly link: Link; readonly target: string }>();
  /** Where the server itself listens since its last start. */
  readonly #ports = new Map<'tcp' | 'ssl', number>();
  #paused = false;
  #left = false;

  private constructor(options: ClusterMemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.#database = options.database;
    this.directory = join(options.directory, options.name);
    this.#process = new OvsdbProcess({
      directory: this.directory,
      ...(options.startTimeoutMs !== undefined && { startTimeoutMs: options.startTimeoutMs }),
    });
    this.remote = `unix:${this.#process.socketPath}`;
  }

  /**
   * Makes a member's files, its links excepted; it is not started.
   * @internal
   */
  static async create(options: ClusterMemberOptions, origin: ClusterOrigin): Promise<ClusterMember> {
    const member = new ClusterMember(options);
    await mkdir(member.directory);
    await runProgram(
      'ovsdb-tool',
      'schemaPath' in origin
        ? [
            `--election-timer=${origin.electionTimerMs}`,
            'create-cluster',
            member.#file,
            origin.schemaPath,
            member.raftAddress,
          ]
        : ['join-cluster', member.#file, options.database, member.raftAddress, ...origin.remotes],
    );
    await member.#openDoor('tcp', TCP_TARGET);
    if (options.tls !== undefined) await member.#openDoor('ssl', SSL_TARGET);
    return member;
  }

  /** Address of the member within the cluster. */
  get raftAddress(): string {
    return `unix:${this.name}`;
  }

  /** `tcp:127.0.0.1:PORT`, the same across restarts. Silent while the member is cut off from its clients. */
  get tcpRemote(): string {
    return `tcp:127.0.0.1:${this.#door('tcp').port}`;
  }

  /** `ssl:127.0.0.1:PORT`, as {@link ClusterMember.tcpRemote}. Throws without the cluster's option `ssl`. */
  get sslRemote(): string {
    return `ssl:127.0.0.1:${this.#door('ssl').port}`;
  }

  /** Process id, undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** True while its process runs, also while it is paused. */
  get isRunning(): boolean {
    return this.#process.pid !== undefined;
  }

  /** True between {@link ClusterMember.pause} and {@link ClusterMember.resume}. */
  get isPaused(): boolean {
    return this.#paused && this.isRunning;
  }

  /** True when it left the cluster or was kicked out of it, for good. */
  get hasLeft(): boolean {
    return this.#left;
  }

  /** Path of its log, which holds all of its runs. */
  get logPath(): string {
    return this.#process.logPath;
  }

  /**
   * Starts it with the contents that it had; resolves when it answers, which is before it has found its cluster
   * (see {@link ClusterSandbox.whole}). Throws {@link OvsdbError} with code `SandboxStart`, whose message holds its log.
   */
  async start(): Promise<void> {
    const { tls, serverArguments } = this.#options;
    this.#ports.clear();
    await this.#process.start([
      `--remote=ptcp:${TCP_TARGET}`,
      ...(tls === undefined
        ? []
        : [
            `--remote=pssl:${SSL_TARGET}`,
            `--private-key=${tls.serverPrivateKey}`,
            `--certificate=${tls.serverCertificate}`,
            `--ca-cert=${tls.ca}`,
          ]),
      ...serverArguments,
      this.#file,
    ]);
    for (const [kind, { target }] of this.#doors) this.#ports.set(kind, this.#process.chosenPort(target));
  }

  /** Ends it in order and waits until it is gone; a leader hands its leadership on first. Idempotent. */
  async stop(): Promise<void> {
    await this.#process.stop();
    this.#paused = false;
  }

  /** Ends it with a signal, by default as a crash would, and waits until it is gone. Idempotent. */
  async kill(signal: EndingSignal = 'SIGKILL'): Promise<void> {
    await this.#process.kill(signal);
    this.#paused = false;
  }

  /** Freezes it: its connections stay open, nothing is answered. Resolves when it is frozen. */
  async pause(): Promise<void> {
    await this.#process.pause();
    this.#paused = true;
  }

  /** Lets it go on. */
  resume(): void {
    this.#process.resume();
    this.#paused = false;
  }

  /** Runs a command of its control socket, see ovs-appctl(8), and returns the output. */
  async appctl(command: string, ...args: readonly string[]): Promise<string> {
    return control(this.#process.controlPath, command, args);
  }

  /** What it says of itself and its cluster at this moment. Throws {@link OvsdbError} when it does not answer. */
  async status(timeoutMs = 5_000): Promise<ClusterStatus> {
    const text = await control(this.#process.controlPath, 'cluster/status', [this.#database], timeoutMs);
    const status = parseClusterStatus(text);
    if (status === undefined) {
      throw new OvsdbError('SandboxCommand', `the status of ${this.name} was not understood: ${text}`);
    }
    return status;
  }

  /** True when it takes itself for the leader, as one that was just cut off still does. */
  async isLeader(): Promise<boolean> {
    return (await this.status()).role === 'leader';
  }

  /** Has it write a snapshot in place of its log, if that has grown. A leader may hand on its leadership before. */
  async compact(): Promise<void> {
    try {
      await this.appctl('ovsdb-server/compact', this.#database);
    } catch (error) {
      // So it says when nothing has come since the last one.
      if (!(error instanceof OvsdbError && error.message.includes('duplicate snapshot'))) throw error;
    }
  }

  /** Has a leader hand its leadership to another member, which may take a moment. Others do nothing. */
  async transferLeadership(): Promise<void> {
    await this.appctl('cluster/failure-test', 'transfer-leadership');
  }

  /**
   * Has it leave the cluster for good; resolves when it has. It runs on, without the database. Throws
   * {@link OvsdbError} when it does not get out within 15 s, for example for want of a leader.
   */
  async leave(): Promise<void> {
    await this.appctl('cluster/leave', this.#database);
    const end = performance.now() + LEAVE_TIMEOUT_MS;
    while (!(await this.#isOut())) {
      if (performance.now() > end) {
        throw new OvsdbError('SandboxCommand', `${this.name} did not leave its cluster in ${LEAVE_TIMEOUT_MS} ms`);
      }
      await sleep(POLL_MS);
    }
    this.#left = true;
  }

  /** The path from this member to another, if there is one. @internal */
  linkTo(name: string): Link | undefined {
    return this.#links.get(name);
  }

  /** Lays the path to another member. @internal */
  async connectTo(other: ClusterMember): Promise<void> {
    const entrance = { path: join(this.directory, other.name) };
    const exit = { path: join(other.directory, other.name) };
    this.#links.set(other.name, await Link.open(entrance, () => exit));
  }

  /** The paths that clients take, the unix socket apart. @internal */
  get doors(): readonly Link[] {
    return Array.from(this.#doors.values(), ({ link }) => link);
  }

  /** Sends SIGKILL without waiting. @internal */
  killNow(): void {
    this.#process.killNow();
  }

  /** Notes that it was put out of the cluster. @internal */
  markLeft(): void {
    this.#left = true;
  }

  /** Ends the server and all links. @internal */
  async close(): Promise<void> {
    await this.#process.stop();
    await Promise.all([...this.#links.values(), ...this.doors].map(async (link) => link.close()));
  }

  get #file(): string {
    return join(this.directory, `${this.#database}.db`);
  }

  async #openDoor(kind: 'tcp' | 'ssl', target: string): Promise<void> {
    const link = await Link.open({ port: 0 }, () => {
      const port = this.isRunning ? this.#ports.get(kind) : undefined;
      return port === undefined ? undefined : { port, host: '127.0.0.1' };
    });
    this.#doors.set(kind, { link, target });
  }

  #door(kind: 'tcp' | 'ssl'): Link {
    const door = this.#doors.get(kind);
    if (door === undefined) throw new InvalidArgumentError(`This cluster was started without the option ${kind}: true`);
    return door.link;
  }

  /** A server forgets a database that it has left. */
  async #isOut(): Promise<boolean> {
    try {
      return (await this.status()).status === 'left cluster';
    } catch (error) {
      if (error instanceof OvsdbError && /unknown cluster/.test(error.message)) return true;
      throw error;
    }
  }
}
