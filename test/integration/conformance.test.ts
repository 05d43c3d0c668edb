import { expect } from 'chai';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runProgram } from '../../lib/testing/executable.js';
import { ClusterSandbox, Sandbox, type SandboxSchema } from '../../lib/testing/index.js';
import { buildAdapter } from '../conformance/build.mjs';
import { freePort } from '../free-port.js';
import { eventually } from './raw-client.js';
import { onRealServer, startServer, type TestServer } from './test-server.js';

const optional = (key: unknown, max: number | 'unlimited' = 'unlimited'): object => ({ type: { key, min: 0, max } });

/** Tables by the names that the adapter knows. */
const SCHEMA: SandboxSchema = {
  name: 'cases',
  version: '1.0.0',
  tables: {
    simple: {
      isRoot: true,
      columns: {
        i: { type: 'integer' },
        r: { type: 'real' },
        b: { type: 'boolean' },
        s: { type: 'string' },
        ia: optional('integer'),
        sa: optional('string'),
        ba: optional('boolean', 1),
      },
    },
    simple3: {
      isRoot: true,
      columns: { name: { type: 'string' }, uref: optional({ type: 'uuid', refTable: 'simple4' }) },
    },
    simple4: { columns: { name: { type: 'string' } } },
    link1: {
      isRoot: true,
      columns: {
        i: { type: 'integer' },
        k: { type: { key: { type: 'uuid', refTable: 'link1' } } },
        ka: optional({ type: 'uuid', refTable: 'link1' }),
      },
    },
  },
};

/** Numbers uuids by first appearance in the sorted lines, and gives the lines. */
function normalized(text: string): string[] {
  const seen = new Map<string, number>();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.sort().map((line) =>
    line.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uuid) => {
      if (!seen.has(uuid)) seen.set(uuid, seen.size);
      return `<${String(seen.get(uuid))}>`;
    }),
  );
}

function transaction(...operations: object[]): string {
  return JSON.stringify(['cases', ...operations]);
}

describe('conformance adapter', function () {
  this.timeout(180_000);
  let adapter: ReturnType<typeof buildAdapter>;
  let sandbox: TestServer;
  let schemaFile: string;

  before(async () => {
    adapter = buildAdapter();
    sandbox = await startServer({ schemas: SCHEMA, tcp: true });
    schemaFile = join(sandbox.directory, 'client.ovsschema');
    writeFileSync(schemaFile, JSON.stringify(SCHEMA));
  });

  beforeEach(async () => {
    const tables = ['simple', 'simple3', 'link1'];
    await sandbox.client('transact', transaction(...tables.map((table) => ({ op: 'delete', table, where: [] }))));
  });

  after(async () => {
    await sandbox.stop();
    adapter.remove();
  });

  function start(...args: string[]): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [adapter.file, '-t20', ...args]);
  }

  /** Runs the adapter to its end and gives what it printed. */
  async function run(args: string[], { input = '', status = 0 } = {}): Promise<string> {
    const child = start(...args);
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.stdin.end(input);
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code, errors).to.equal(status);
    return output;
  }

  async function idl(...commands: string[]): Promise<string[]> {
    return normalized(await run(['idl', schemaFile, sandbox.remote, ...commands]));
  }

  it('prints the replica after each transaction of another client, and after a reconnect', async () => {
    const lines = await idl(
      transaction({ op: 'insert', table: 'simple', row: { i: 1, r: 0.5, s: "it's", ia: ['set', [10, 9]], sa: 'x,y' } }),
      transaction({ op: 'update', table: 'simple', where: [['_uuid', '==', ['uuid', '#0#']]], row: { b: true } }),
      'reconnect',
    );
    const row = (b: boolean): string => `table simple: i=1 r=0.5 b=${b} s=its ia=[9 10] ba=[] sa=[xy] uuid=<0>`;
    expect(lines).to.deep.equal([
      '000: empty',
      '001: {"error":null,"result":[{"uuid":["uuid","<0>"]}]}',
      `002: ${row(false)}`,
      '003: {"error":null,"result":[{"count":1}]}',
      `004: ${row(true)}`,
      '005: reconnect',
      `006: ${row(true)}`,
      '007: done',
    ]);
  });

  it('commits what sub-commands ask for, and tells how that ended', async () => {
    const lines = await idl(
      'insert 1, insert 2, set 2 s two',
      'set 2 s two',
      '+verify 1 b, set 1 b 1, increment 1',
      'add_op {"op": "delete", "table": "simple", "where": [["i", "==", 2]]}, add_op {"op": "abort"}',
      '+set 2 b 1, abort',
      '+linktest',
    );
    expect(lines.filter((line) => line.includes('commit'))).to.deep.equal([
      '001: commit, status=success',
      '003: commit, status=unchanged',
      '004: commit, status=success, increment=2',
      '006: commit, status=success',
      '007: commit, status=aborted',
      '008: commit, status=success',
    ]);
    expect(lines.filter((line) => /^009: table link1/.test(line))).to.deep.equal([
      '009: table link1: i=1 k=1 ka=[1] l2= uuid=<2>',
      '009: table link1: i=2 k=1 ka=[1 2] l2= uuid=<3>',
    ]);
  });

  it('holds back updates, so that a verification fails', async () => {
    const lines = await idl(
      'insert 1',
      'set 1 s a',
      `+${transaction({ op: 'update', table: 'simple', where: [], row: { s: 'b' } })}`,
      '+verify 1 s, set 1 b 1',
      '?verify 1 s, set 1 b 1',
    );
    expect(lines.filter((line) => /commit|table/.test(line)).map((line) => line.replace(/ ia=.*/, ''))).to.deep.equal([
      '001: commit, status=success',
      '002: table simple: i=1 r=0 b=false s=',
      '003: commit, status=success',
      '005: commit, status=try again',
      '006: table simple',
      '007: commit, status=success',
      '008: table simple: i=1 r=0 b=true s=b',
    ]);
  });

  it('applies conditions, hides references to rows that they hide, and waits for them', async () => {
    const inserted = [
      { op: 'insert', table: 'simple4', row: { name: 'four' }, 'uuid-name': 'four' },
      { op: 'insert', table: 'simple3', row: { name: 'three', uref: ['named-uuid', 'four'] } },
    ];
    await sandbox.client('transact', transaction(...inserted));
    const lines = await idl(
      'condition simple []',
      'condition simple4 []',
      '+condition simple3 [true];simple [["i",">",1],["s","==","x"]]',
      '^insert 1, insert 2',
    );
    expect(lines).to.deep.equal([
      '000: simple: change conditions',
      '001: table simple3: name=three uref=[<0>] uuid=<1>',
      '001: table simple4: name=four uuid=<0>',
      '002: simple4: change conditions',
      '003: simple3: conditions unchanged',
      '003: simple: change conditions',
      '004: commit, status=success',
      '005: table simple3: name=three uref=[] uuid=<1>',
      '005: table simple: i=2 r=0 b=false s= ia=[] ba=[] sa=[] uuid=<2>',
      '006: done',
    ]);
  });

  it('tells the events of rows, and those of a snapshot as the reference client does', async () => {
    const lines = await idl('track-notify', 'insert 1', 'notifytest set 1 b 1, set 1 s x', 'reconnect');
    expect(lines.filter((line) => !line.includes('table'))).to.deep.equal([
      '000: empty',
      '001: commit, status=success',
      '001: event:create, row={i=1 r=0 b=false s= ia=[] ba=[] sa=[]}, uuid=<0>, updates=None',
      '003: commit, status=success, events=update|1|b',
      '005: reconnect',
      '006: event:create, row={i=1 r=0 b=true s=x ia=[] ba=[] sa=[]}, uuid=<0>, updates=None',
      '007: done',
    ]);
  });

  it('leaves out what is not replicated, until it is fetched', async () => {
    await run(['transact', sandbox.remote, transaction({ op: 'insert', table: 'simple', row: { i: 1, r: 2.5 } })]);
    expect(await idl('?simple:i,r!', 'fetch 1 r')).to.deep.equal([
      '000: table simple: i=1 uuid=<0>',
      '001: commit, status=success',
      '002: table simple: i=1 r=2.5 uuid=<0>',
      '003: done',
    ]);
  });

  it('tries the remotes until one answers', async () => {
    const remotes = `tcp:127.0.0.1:1,${sandbox.tcpRemote}`;
    const lines = normalized(await run(['idl', schemaFile, remotes, 'reconnect']));
    expect(lines).to.deep.equal(['000: empty', '001: reconnect', '002: empty', '003: done']);
  });

  it('ends with status 1 when a case asks for a row that is not there', async () => {
    await run(['idl', schemaFile, sandbox.remote, 'delete 7'], { status: 1 });
  });

  it('prints results of transactions in full', async () => {
    const big = { op: 'insert', table: 'simple', row: { i: 9007199254740993n.toString(), r: 1 } };
    const insert = transaction(big).replace('"9007199254740993"', '9007199254740993');
    const select = transaction({ op: 'select', table: 'simple', where: [], columns: ['r', 'i'] });
    const lines = (await run(['transact', sandbox.remote, insert, select])).split('\n');
    expect(lines[1]).to.equal('[{"rows":[{"i":9007199254740993,"r":1}]}]');
  });

  it('drives the reconnect machine by a script', async () => {
    const output = await run(['reconnect'], { input: 'enable\nrun\nconnect-failed\ntimeout\n' });
    expect(output.split('\n')).to.deep.equal([
      '### t=1000 ###',
      'enable',
      '  in BACKOFF for 0 ms (0 ms backoff)',
      'run',
      '  should connect',
      'connect-failed',
      '  in BACKOFF for 0 ms (1000 ms backoff)',
      '  0 successful connections out of 1 attempts, seqno 0',
      'timeout',
      '  advance 1000 ms',
      '',
      '### t=2000 ###',
      '  in BACKOFF for 1000 ms (1000 ms backoff)',
      '',
    ]);
  });

  it('prints a monitor as CSV, follows new conditions, and ends with the server', async () => {
    const server = await startServer({ schemas: SCHEMA });
    try {
      await server.client('transact', transaction({ op: 'insert', table: 'simple', row: { i: 1 } }));
      const child = start('monitor', server.remote, 'cases', 'monitor_cond', '[["i","==",1]]', 'simple', 'i,s');
      const output = collect(child);
      await output.until(() => output.errors.includes('ready'));
      child.stdin.write('cond_change simple [false]\n');
      await output.until(() => output.errors.includes('cond_change done'));
      await server.stop();
      expect(await output.status).to.equal(0);
      // Values that are the defaults are not sent.
      expect(output.text.replace(/[0-9a-f-]{36}/g, 'U')).to.equal(
        'row,action,i,s\nU,initial,1,\n\nrow,action,i,s\nU,delete,,\n',
      );
    } finally {
      await server.stop();
    }
  });

  it('prints what becomes of a lock', async () => {
    const owner = start('lock', sandbox.remote, 'lock', 'l');
    const owned = collect(owner);
    await owned.until(() => owned.text.includes('true'));
    const thief = start('lock', sandbox.remote, 'steal', 'l');
    const stolen = collect(thief);
    await stolen.until(() => stolen.text.includes('true'));
    await owned.until(() => owned.text.includes('stolen\n["l"]'));
    thief.stdin.write('unlock l\n');
    await stolen.until(() => stolen.text.includes('{}'));
    await owned.until(() => owned.text.endsWith('locked\n["l"]\n'));
    owner.kill();
    thief.kill();
    await Promise.all([owned.status, stolen.status]);
    expect(owned.text).to.equal('{"locked":true}\nstolen\n["l"]\nlocked\n["l"]\n');
  });

  onRealServer(() => {
    it('has the embedded server stand in for ovsdb-server, with what is in the file of the database', async () => {
      const [file, socket, pid] = ['standin.db', 'standin.sock', 'standin.pid'].map((name) => join(sandbox.directory, name)); // prettier-ignore
      const row = { i: 7, r: 0.5, ia: ['set', [9, 8]], sa: 'x' };
      await runProgram('ovsdb-tool', ['create', file!, schemaFile]);
      await runProgram('ovsdb-tool', [
        'transact',
        file!,
        transaction({ op: 'insert', table: 'simple', row: { i: 1 } }),
      ]);
      await runProgram('ovsdb-tool', [
        'transact',
        file!,
        transaction({ op: 'update', table: 'simple', where: [], row }),
      ]);
      const args = ['-vconsole:warn', '--no-chdir', `--remote=punix:${socket}`, `--pidfile=${pid}`, file!];
      const server = spawn(join(adapter.embeddedPrograms, 'ovsdb-server'), args, { stdio: 'inherit' });
      const ended = once(server, 'close');
      try {
        await eventually(() => existsSync(pid!));
        const select = transaction({ op: 'select', table: 'simple', where: [], columns: ['i', 'r', 'ia', 'sa'] });
        expect(await run(['transact', `unix:${socket}`, select])).to.equal(
          '[{"rows":[{"i":7,"ia":["set",[8,9]],"r":0.5,"sa":"x"}]}]\n',
        );
      } finally {
        server.kill();
      }
      expect(await ended).to.deep.equal([0, null]);
      expect([socket, pid].map((path) => existsSync(path!))).to.deep.equal([false, false]);
    });

    it('lets the server connect', async () => {
      const port = await freePort();
      await using server = await Sandbox.start({
        schemas: SCHEMA,
        serverArguments: [`--remote=tcp:127.0.0.1:${port}`],
      });
      await server.client('transact', transaction({ op: 'insert', table: 'simple', row: { i: 4 } }));
      const select = transaction({ op: 'select', table: 'simple', where: [], columns: ['i'] });
      const output = await run(['idl_passive', schemaFile, `ptcp:127.0.0.1:${port}`, select]);
      expect(output).to.equal('000: empty\n001: {"error":null,"result":[{"rows":[{"i":4}]}]}\n002: done\n');
    });

    it('follows the leader of a cluster', async () => {
      await using cluster = await ClusterSandbox.start({ schema: SCHEMA });
      await cluster.whole();
      const pids = cluster.members.map(({ pid }) => String(pid)).join(',');
      const output = await run(['idl-cluster', schemaFile, cluster.tcpRemotes.join(','), pids, 'remote']);
      const leader = await cluster.leader();
      expect(output).to.equal(`001: ${leader.tcpRemote}\n002: done\n`);
    });
  });
});

interface Collected {
  text: string;
  errors: string;
  readonly status: Promise<unknown>;
  until(condition: () => boolean): Promise<void>;
}

/** What a child prints, as it comes. */
function collect(child: ChildProcessWithoutNullStreams): Collected {
  let wake: () => void = () => undefined;
  let ended = false;
  const collected: Collected = {
    text: '',
    errors: '',
    status: new Promise((resolve) => child.once('close', resolve)),
    until: async (condition) => {
      while (!condition()) {
        if (ended) throw new Error(`the adapter ended: ${collected.errors}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    collected.text += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    collected.errors += text;
    wake();
  });
  child.once('close', () => {
    ended = true;
    wake();
  });
  return collected;
}
