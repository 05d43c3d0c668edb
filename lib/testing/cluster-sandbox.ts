/**
 * A private cluster for tests: real ovsdb-server processes that replicate one database by raft, each of
 * which can be killed, frozen, cut off, moved in and out. See ovsdb(7), "Clustered Database Service Model".
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { InvalidArgumentError, OvsdbError } from '../errors.js';
import { performance } from '../timer.js';
import { ClusterMember, type ClusterOrigin } from './cluster-member.js';
import type { ClusterStatus } from './cluster-status.js';
import { requireExecutable, requireNorthboundSchema, runProgram, toolEnvironment } from './executable.js';
import { makePki, type SandboxTls } from './pki.js';
import { schemaFile, type SandboxSchema } from './sandbox-files.js';
import { SandboxHome } from './sandbox-home.js';

/** What a {@link ClusterSandbox} serves, and with how many members. */
export interface ClusterSandboxOptions {
  /** Members at the start. Default 3. */
  members?: number;
  /** Schema of its database: a path or an object. Default: the northbound schema of the installed OVN. */
  schema?: string | SandboxSchema;
  /**
   * Members also listen on `ssl:127.0.0.1`, with certificates made for this sandbox; see {@link ClusterSandbox.tls}.
   * With `{ hostNames: true }` their certificate names the host. Default false.
   */
  ssl?: boolean | { hostNames: boolean };
  /**
   * After how much silence of the leader a follower calls an election, in milliseconds; 100 or more. The shorter, the
   * sooner a cluster recovers, and the sooner a busy machine brings an election that nobody wanted. Default 1000.
   */
  electionTimerMs?: number;
  /** Further arguments for each ovsdb-server(1). */
  serverArguments?: readonly string[];
  /** How long a member may take until its first answer. Default 10,000 ms. */
  startTimeoutMs?: number;
}

/** For how long to wait. */
export interface ClusterWaitOptions {
  /** Default 30,000 ms. */
  timeoutMs?: number;
}

/** Whom a member is cut off from. */
export interface CutOptions {
  /** Only these; default: every other member. */
  from?: readonly ClusterMember[];
  /** Also its clients on `tcp:` and `ssl:`; those on its unix socket never are. Default false. */
  clients?: boolean;
}

interface View {
  readonly member: ClusterMember;
  readonly status: ClusterStatus;
}

const POLL_MS = 10;
/** A member that takes longer to say how it is does not hold up what the others say. */
const VIEW_TIMEOUT_MS = 1_000;
const WAIT_MS = 30_000;
const TOOL_TIMEOUT_S = 15;
/** Longest name of a unix socket below the sandbox's folder, for up to 99 members. */
const LONGEST_SOCKET_NAME = 's99/db.sock';

/** A running private cluster. Made by {@link ClusterSandbox.start}, ended by {@link ClusterSandbox.stop} or `await using`. */
export class ClusterSandbox implements AsyncDisposable {
  /** The sandbox's folder; removed by {@link ClusterSandbox.stop}. */
  readonly directory: string;
  /** Name of the database. */
  readonly database: string;
  readonly #home: SandboxHome;
  readonly #tls: SandboxTls | undefined;
  readonly #options: ClusterSandboxOptions;
  /** Every member there ever was. */
  readonly #all: ClusterMember[] = [];
  #stopped: Promise<void> | undefined;

  private constructor(
    home: SandboxHome,
    database: string,
    tls: SandboxTls | undefined,
    options: ClusterSandboxOptions,
  ) {
    this.#home = home;
    this.directory = home.directory;
    this.database = database;
    this.#tls = tls;
    this.#options = options;
    home.killNow = () => this.#killAll();
  }

  /**
   * Starts a cluster; resolves when it is {@link ClusterSandbox.whole}. Throws {@link InvalidArgumentError}, or
   * {@link OvsdbError} with the codes of `Sandbox.start`, or `SandboxTimeout` when the members do not find together.
   */
  static async start(options: ClusterSandboxOptions = {}): Promise<ClusterSandbox> {
    const startedAt = new Error('cluster sandbox started here').stack ?? '';
    const count = options.members ?? 3;
    if (!Number.isInteger(count) || count < 1 || count > 99) {
      throw new InvalidArgumentError(`A cluster has 1 to 99 members, not ${count}`);
    }
    requireExecutable('ovsdb-server');
    requireExecutable('ovsdb-tool');
    const home = await SandboxHome.make(startedAt, LONGEST_SOCKET_NAME);
    let cluster: ClusterSandbox | undefined;
    try {
      const { name, path } = await schemaFile(options.schema ?? requireNorthboundSchema(), home.directory);
      // Of a schema with a mistake, create-cluster says no more than that the file has an unexpected format.
      await runProgram('ovsdb-tool', ['schema-version', path]);
      const hostNames = typeof options.ssl === 'object' && options.ssl.hostNames;
      const withTls = options.ssl !== undefined && options.ssl !== false;
      const tls = withTls ? await makePki(home.directory, hostNames) : undefined;
      cluster = new ClusterSandbox(home, name, tls, options);
      const first = await cluster.#create({ schemaPath: path, electionTimerMs: options.electionTimerMs ?? 1_000 });
      for (let n = 1; n < count; n++) await cluster.#create({ remotes: [first.raftAddress] });
      // The first forms the cluster by itself; those who find it up at their first try join at once.
      await first.start();
      await cluster.leader();
      await Promise.all(cluster.members.slice(1).map(async (member) => member.start()));
      await cluster.whole();
      return cluster;
    } catch (error) {
      await (cluster === undefined ? home.remove() : cluster.stop());
      throw error;
    }
  }

  /** The members, without those that left or were kicked. */
  get members(): readonly ClusterMember[] {
    return this.#all.filter(({ hasLeft }) => !hasLeft);
  }

  /** The unix sockets of the members, as remotes: they are reached whatever is cut. */
  get remotes(): readonly string[] {
    return this.members.map(({ remote }) => remote);
  }

  /** The members' `tcp:` remotes. */
  get tcpRemotes(): readonly string[] {
    return this.members.map(({ tcpRemote }) => tcpRemote);
  }

  /** The members' `ssl:` remotes. Throws without the option `ssl`. */
  get sslRemotes(): readonly string[] {
    return this.members.map(({ sslRemote }) => sslRemote);
  }

  /** Keys and certificates of the sandbox. Throws without the option `ssl`. */
  get tls(): SandboxTls {
    if (this.#tls === undefined)
      throw new InvalidArgumentError('This cluster was started without the option ssl: true');
    return this.#tls;
  }

  /** Waits for a leader that most of the cluster's members follow, and returns it. Throws `SandboxTimeout`. */
  async leader(options: ClusterWaitOptions = {}): Promise<ClusterMember> {
    return this.#poll('a leader', options, (views) => {
      const chosen = views.find(({ member, status }) => {
        const followers = views.filter(
          (view) => view.status.leader === member.name && view.status.term === status.term,
        );
        return status.role === 'leader' && followers.length * 2 > status.servers.length;
      });
      return chosen?.member;
    });
  }

  /**
   * Waits until every member runs, and all agree on who leads and who belongs to the cluster. Throws `SandboxTimeout`
   * with what each of them said last.
   */
  async whole(options: ClusterWaitOptions = {}): Promise<void> {
    await this.#poll('the whole cluster', options, (views) => {
      const names = this.members.map(({ name }) => name).sort();
      const [first] = views;
      const agree = views.every(
        ({ status }) =>
          status.status === 'cluster member' &&
          status.leader !== undefined &&
          status.leader === first?.status.leader &&
          status.term === first.status.term &&
          status.servers.join() === names.join(),
      );
      return (views.length === names.length && agree) || undefined;
    });
  }

  /** Adds a member and resolves when it belongs to the cluster. */
  async addMember(options: ClusterWaitOptions = {}): Promise<ClusterMember> {
    this.#checkNotStopped('add a member to');
    const leader = await this.leader(options);
    const member = await this.#create({ remotes: [leader.raftAddress] });
    await member.start();
    await this.#poll(`${member.name} as a member`, options, (views) =>
      views.find((view) => view.member === member && view.status.status === 'cluster member'),
    );
    return member;
  }

  /** Has the others put a member out, for good, whether it runs or not. Resolves when they have. */
  async kick(member: ClusterMember, options: ClusterWaitOptions = {}): Promise<void> {
    this.#checkMember(member);
    const leader = await this.leader(options);
    await leader.appctl('cluster/kick', this.database, member.raftAddress);
    await this.#poll(`a cluster without ${member.name}`, options, (views) => {
      const others = views.filter((view) => view.member !== member);
      const agreed = others.filter(({ status }) => !status.servers.includes(member.name));
      return (agreed.length > 0 && agreed.length === others.length) || undefined;
    });
    member.markLeft();
  }

  /**
   * Cuts a member off: from then on nothing passes between it and the others, in either direction, while all
   * connections stay open, as when a network loses every packet. Needs no privileges.
   */
  cut(member: ClusterMember, options: CutOptions = {}): void {
    this.#checkMember(member);
    for (const other of options.from ?? this.#all) {
      member.linkTo(other.name)?.cut();
      other.linkTo(member.name)?.cut();
    }
    if (options.clients === true) for (const door of member.doors) door.cut();
  }

  /** Ends the cuts around a member, or all of them. What was held passes then. */
  heal(member?: ClusterMember): void {
    const healed = member === undefined ? this.#all : [member];
    for (const one of healed) {
      for (const other of this.#all) {
        one.linkTo(other.name)?.heal();
        other.linkTo(one.name)?.heal();
      }
      for (const door of one.doors) door.heal();
    }
  }

  /** Runs ovn-nbctl(8) on the leader and returns its output. */
  async nbctl(...args: readonly string[]): Promise<string> {
    this.#checkNotStopped('run ovn-nbctl on');
    const target = [`--timeout=${TOOL_TIMEOUT_S}`, `--db=${this.remotes.join(',')}`];
    const env = toolEnvironment({ OVS_RUNDIR: this.directory, OVN_RUNDIR: this.directory });
    return runProgram('ovn-nbctl', [...target, ...args], { env });
  }

  /** Ends all members and removes the folder. Idempotent; works in every state. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#end();
    await this.#stopped;
  }

  /** Stops it, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #create(origin: ClusterOrigin): Promise<ClusterMember> {
    const { serverArguments = [], startTimeoutMs } = this.#options;
    const { directory, database } = this;
    const name = `s${this.#all.length + 1}`;
    const member = await ClusterMember.create(
      { directory, name, database, tls: this.#tls, serverArguments, startTimeoutMs },
      origin,
    );
    const others = [...this.#all];
    this.#all.push(member);
    for (const other of others) {
      await member.connectTo(other);
      await other.connectTo(member);
    }
    return member;
  }

  /** Asks all that can answer, again and again, until `look` finds something in what they say. */
  async #poll<T>(
    what: string,
    { timeoutMs = WAIT_MS }: ClusterWaitOptions,
    look: (views: readonly View[]) => T | undefined,
  ): Promise<T> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      this.#checkNotStopped(`wait for ${what} of`);
      const asked = this.members.filter((member) => member.isRunning && !member.isPaused);
      const views = await Promise.all(asked.map(view));
      const found = look(views.filter((item) => item !== undefined));
      if (found !== undefined) return found;
      if (performance.now() > end) {
        const said = this.members.map((member) => {
          const { status } = views.find((item) => item?.member === member) ?? {};
          return `${member.name}: ${status === undefined ? 'no answer' : describe(status)}`;
        });
        throw new OvsdbError('SandboxTimeout', `Waited ${timeoutMs} ms for ${what}, in vain. ${said.join('; ')}`);
      }
      await sleep(POLL_MS);
    }
  }

  #checkMember(member: ClusterMember): void {
    if (this.members.includes(member)) return;
    throw new InvalidArgumentError(`${member.name} is no member of the cluster in ${this.directory}`);
  }

  #checkNotStopped(verb: string): void {
    if (this.#stopped !== undefined) {
      throw new OvsdbError('SandboxState', `Cannot ${verb} the cluster in ${this.directory}: it was stopped`);
    }
  }

  #killAll(): void {
    for (const member of this.#all) member.killNow();
  }

  async #end(): Promise<void> {
    // Not in order, which would have each leader look for a successor: nothing is kept.
    this.#killAll();
    await Promise.all(this.#all.map(async (member) => member.close()));
    await this.#home.remove();
  }
}

/** Undefined when it does not answer. */
async function view(member: ClusterMember): Promise<View | undefined> {
  try {
    return { member, status: await member.status(VIEW_TIMEOUT_MS) };
  } catch {
    return undefined;
  }
}

function describe({ status, role, term, leader, servers }: ClusterStatus): string {
  return `${status}, ${role} in term ${term}, leader ${leader ?? 'unknown'}, servers ${servers.join(' ') || 'none'}`;
}
