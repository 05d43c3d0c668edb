/** Connecting, with success and without, and clients of databases whose schema is known at run time only. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { OvsdbClient } from '../../lib/client/client.js';
import type { ClientOptions, ConnectionOptions } from '../../lib/client/client-options.js';
import type { ClientWarning } from '../../lib/client/client-state.js';
import { connectNorthbound } from '../../lib/nb/northbound.js';
import type { UntypedTables } from '../../lib/schema/types.js';
import { requireNorthboundSchema } from '../../lib/testing/executable.js';
import { Sandbox, type SandboxSchema } from '../../lib/testing/index.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { ScriptedServer } from '../faults/scripted-server.js';
import { everyColumnSchema } from '../unit/schema/every-column.js';
import { comparable, eventually, RawClient } from './raw-client.js';
import { failure } from '../failure.js';
import { freePort } from '../free-port.js';
import { onRealServer, startServer, type TestServer } from './test-server.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOUTHBOUND = '/usr/share/ovn/ovn-sb.ovsschema';

describe('connecting', function () {
  this.timeout(90_000);
  let sandbox: TestServer;
  before(async () => {
    sandbox = await startServer({ schemas: [requireNorthboundSchema(), everyColumnSchema], tcp: true });
  });
  after(() => sandbox.stop());

  const connect = (options: Partial<ClientOptions<UntypedTables>>): Promise<unknown> =>
    OvsdbClient.connect({
      remotes: sandbox.remote,
      database: 'OVN_Northbound',
      tables: ['NB_Global'],
      backoff: { minMs: 20, maxMs: 50 },
      ...options,
    });

  it('to a port on which nobody listens fails after its time, and says so', async () => {
    const remotes = `tcp:127.0.0.1:${await freePort()}`;
    const error = await failure(connect({ remotes, readyTimeoutMs: 1_500 }));
    expect(error).to.include({ code: 'ConnectFailed' });
    expect(error.message)
      .to.include(remotes)
      .and.to.match(/refused|listen/i);
  });

  it('to a socket that there is not fails after its time, and says so', async () => {
    const remotes = `unix:${sandbox.directory}/nothing.sock`;
    const error = await failure(connect({ remotes, readyTimeoutMs: 1_500 }));
    expect(error).to.include({ code: 'ConnectFailed' });
    expect(error.message).to.include('nothing.sock');
  });

  it('to a server that says nothing fails after its time', async () => {
    const server = await ScriptedServer.start({ onMessage: () => undefined });
    const { remote } = server;
    const remotes = remote.scheme === 'tcp' ? `tcp:${remote.host}:${remote.port}` : '';
    const error = await failure(connect({ remotes, readyTimeoutMs: 100 }));
    expect(error).to.include({ code: 'ConnectFailed' });
    expect(error.message).to.include('100 ms');
    await server.stop();
  });

  it('for a database that is not served fails at once and names those that are', async () => {
    const error = await failure(connect({ database: 'OVN_Nothbound' }));
    expect(error).to.include({ code: 'Schema' });
    expect(error.message).to.include('OVN_Nothbound').and.to.include('EveryColumn').and.to.include('OVN_Northbound');
  });

  it('as northbound client to another database fails at once and says what is missing', async () => {
    const error = await failure(connectNorthbound({ remotes: sandbox.remote, database: 'EveryColumn' }));
    expect(error).to.include({ code: 'Schema', table: 'Logical_Switch' });
    expect(error.message).to.include('EveryColumn 1.2.3');
  });

  const MISTAKES: readonly (readonly [what: string, options: Partial<ClientOptions<UntypedTables>>, expected: object])[] = [
    ['a table', { tables: ['NB_Golbal'] }, { code: 'Schema', table: 'NB_Golbal' }],
    ['a column', { tables: { NB_Global: { columns: ['nb_cgf'] } } }, { code: 'Schema', column: 'nb_cgf' }],
    ['the column of a condition', { tables: { NB_Global: { where: [['nb_cgf', '==', 1]] } } }, { code: 'Schema', column: 'nb_cgf' }],
    ['the value of a condition', { tables: { NB_Global: { where: [['nb_cfg', '==', 'x']] } } }, { code: 'Validation', column: 'nb_cfg' }],
    ['the column of an index', { tables: { NB_Global: { indexes: [['nb_cgf']] } } }, { code: 'Schema', column: 'nb_cgf' }],
    ['an index on a map without its key', { tables: { NB_Global: { indexes: [['options']] } } }, { code: 'Schema', column: 'options' }],
    ['an index on a column that is not replicated', { tables: { NB_Global: { columns: ['name'], indexes: [['nb_cfg']] } } }, { code: 'Schema', column: 'nb_cfg' }],
    ['the remote', { remotes: 'localhost' }, { code: 'InvalidRemote' }],
    ['a time limit', { readyTimeoutMs: NaN }, { code: 'InvalidArgument' }],
    ['the back-off', { backoff: { minMs: -1 } }, { code: 'InvalidArgument' }],
    ['the TLS options', { remotes: 'ssl:127.0.0.1:1', tls: {} }, { code: 'InvalidArgument' }],
  ]; // prettier-ignore

  for (const [what, options, expected] of MISTAKES) {
    it(`fails at once for a mistake in ${what}, also with several remotes`, async () => {
      expect(await failure(connect(options))).to.include(expected);
      const list =
        options.remotes === undefined
          ? [sandbox.remote, sandbox.tcpRemote]
          : [String(options.remotes), 'ssl:127.0.0.1:2'];
      if (what !== 'the remote') expect(await failure(connect({ ...options, remotes: list }))).to.include(expected);
    });
  }

  onRealServer(() => {
    let secure: Sandbox;
    before(async () => {
      secure = await Sandbox.start({ ssl: true });
    });
    after(() => secure.stop());

    it('over TLS succeeds with the right keys', async () => {
      const { ca, privateKey, certificate } = secure.tls;
      const tls = { caCertFile: ca, privateKeyFile: privateKey, certificateFile: certificate };
      await using client = (await connect({ remotes: secure.sslRemote, tls })) as OvsdbClient;
      expect(client.state).to.include({ name: 'synced', remote: secure.sslRemote });
    });

    it('over TLS fails with another authority, without a certificate and with one of a stranger', async () => {
      const { ca, privateKey, certificate, rogueCa, roguePrivateKey, rogueCertificate } = secure.tls;
      for (const [tls, words] of [
        [
          { caCertFile: rogueCa, privateKeyFile: privateKey, certificateFile: certificate },
          /authority|CA|self-signed/i,
        ],
        [{ caCertFile: ca }, /certificate/],
        [{ caCertFile: ca, privateKeyFile: roguePrivateKey, certificateFile: rogueCertificate }, /certificate|CA/],
      ] as const) {
        const error = await failure(connect({ remotes: secure.sslRemote, tls, readyTimeoutMs: 2_000 }));
        expect(error).to.include({ code: 'ConnectFailed' });
        expect(error.message).to.match(words);
      }
    });
  });

  it('is given up on abort, before and during', async () => {
    const reason = new Error('not any more');
    expect(await failure(connect({ signal: AbortSignal.abort(reason) }))).to.equal(reason);
    const server = await ScriptedServer.start({ onMessage: () => undefined });
    const { remote } = server;
    const remotes = remote.scheme === 'tcp' ? `tcp:${remote.host}:${remote.port}` : '';
    const controller = new AbortController();
    const pending = failure(connect({ remotes, signal: controller.signal }));
    const peer = await server.nextPeer();
    await eventually(() => peer.messages.length > 0);
    controller.abort(reason);
    expect(await pending).to.equal(reason);
    await eventually(() => peer.socket.destroyed || peer.socket.readableEnded);
    await server.stop();
  });

  it('is not undone by an abort after it succeeded', async () => {
    const controller = new AbortController();
    await using client = (await connect({ signal: controller.signal })) as OvsdbClient;
    controller.abort();
    await client.transact((tx) => tx.select('NB_Global', []));
    expect(client.state.name).to.equal('synced');
  });

  it('tries all remotes until one answers', async () => {
    const dead = `tcp:127.0.0.1:${await freePort()}`;
    const remotes = [dead, `unix:${sandbox.directory}/nothing.sock`, sandbox.tcpRemote];
    await using client = (await connect({ remotes, shuffle: false, backoff: { minMs: 5000 } })) as OvsdbClient;
    expect(client.state).to.include({ name: 'synced', remote: sandbox.tcpRemote });
  });

  it('warns by a process warning when nobody listens, and to the listener when one does', async () => {
    const warnings: ClientWarning[] = [];
    await using client = await OvsdbClient.connect({
      remotes: sandbox.remote,
      database: 'OVN_Northbound',
      tables: ['NB_Global'],
      onWarning: (warning) => warnings.push(warning),
    });
    const fault = new Error('listener');
    client.on('batch', () => {
      throw fault;
    });
    await client.transact((tx) => tx.insert('NB_Global', {}));
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0]).to.include({ code: 'ListenerError', cause: fault });
    await using quiet = (await connect({})) as OvsdbClient;
    quiet.tables['NB_Global']!.on('update', () => {
      throw fault;
    });
    const warned = once(process, 'warning') as Promise<[Error & { code?: string }]>;
    await quiet.transact((tx) => tx.update('NB_Global', [], { nb_cfg: 7 }));
    expect((await warned)[0]).to.include({ name: 'OvnNorthboundWarning', code: 'ListenerError' });
  });

  describe('in a process of its own', () => {
    /**
     * Runs a program; resolves with its output, and for how long something kept it alive after it called `done`, by its
     * own clock: how long it takes to end is up to the machine.
     */
    async function run(
      body: string,
      onOutput: (text: string) => void = () => undefined,
    ): Promise<{ output: string; lingerMs: number }> {
      const source = `
        import { OvsdbClient } from ${JSON.stringify(`${ROOT}lib/client/client.ts`)};
        const done = () => {
          const doneAt = performance.now();
          process.once('exit', () => console.log('done ' + Math.round(performance.now() - doneAt)));
        };
        ${body}`;
      const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', source], { cwd: ROOT });
      let output = '';
      const note = (text: Buffer): void => {
        output += text.toString();
        onOutput(output);
      };
      child.stdout.on('data', note);
      child.stderr.on('data', note);
      const [code] = (await once(child, 'close')) as [number];
      expect(code, output).to.equal(0);
      const [text = '', lingerMs] = output.split(/^done (\d+)\n$/m);
      return { output: text, lingerMs: Number(lingerMs) };
    }

    const options = (remotes: string, more: Partial<ConnectionOptions> = {}): string =>
      JSON.stringify({
        remotes,
        database: 'OVN_Northbound',
        tables: ['NB_Global'],
        backoff: { minMs: 20, maxMs: 50 },
        ...more,
      });

    it('lets the process exit once it is closed, whatever was going on', async () => {
      const { output, lingerMs } = await run(`
        const options = ${options(sandbox.tcpRemote)};
        const idle = await OvsdbClient.connect(options);
        await idle.transact((tx) => tx.select('NB_Global', []));
        const busy = await OvsdbClient.connect(options);
        const outcomes = [
          busy.transact((tx) => tx.wait('NB_Global', [], '==', [{ name: 'never' }], { timeoutMs: 60000 })),
          busy.tables.NB_Global.until(() => false, { timeoutMs: 60000 }),
        ];
        for (const each of outcomes) each.catch(() => undefined);
        await new Promise((resolve) => setImmediate(resolve));
        idle.close();
        busy.close();
        done();`);
      expect(output).to.equal('');
      expect(lingerMs).to.be.below(3_000);
    });

    it('lets the process exit after a connect that failed or was given up', async () => {
      const { output, lingerMs } = await run(`
        const codes = [];
        const note = (error) => codes.push(error.code ?? error.name);
        await OvsdbClient.connect(${options(`unix:${sandbox.directory}/nothing.sock`, { readyTimeoutMs: 100 })}).catch(note);
        await OvsdbClient.connect({ ...${options(sandbox.remote)}, database: 'None' }).catch(note);
        await OvsdbClient.connect({ ...${options(sandbox.remote)}, signal: AbortSignal.abort() }).catch(note);
        console.log(codes.join(' '));
        done();`);
      expect(output).to.equal('ConnectFailed Schema 20\n');
      expect(lingerMs).to.be.below(3_000);
    });

    it('keeps the process alive while it waits for the server to come back', async () => {
      await using proxy = await ClientProxy.start(sandbox.remote);
      const { output, lingerMs } = await run(
        `
        const client = await OvsdbClient.connect(${options(proxy.remote)});
        let waits = 0;
        client.on('state', ({ name }) => {
          if (name !== 'backoff' || ++waits < 5) return;
          client.close();
          done();
        });
        console.log('ready');`,
        (text) => {
          if (!text.includes('ready')) return;
          proxy.refusing = true;
          proxy.cut();
        },
      );
      expect(output).to.equal('ready\n');
      expect(lingerMs).to.be.below(3_000);
    });
  });
});

describe('a client of any database', function () {
  this.timeout(90_000);

  it('reads and writes columns of every type', async () => {
    await using sandbox = await startServer({ schemas: everyColumnSchema as SandboxSchema });
    using raw = await RawClient.connect(sandbox.remote, 'EveryColumn');
    await using client = await OvsdbClient.connect({ remotes: sandbox.remote, database: 'EveryColumn', tables: 'all' });
    const some = '11111111-2222-4333-8444-555555555555';
    const values = {
      integer: -(2n ** 63n),
      integer_range: -5,
      integer_min: 2n ** 63n - 1n,
      integer_enum: 7,
      integer_set: [3, 1, 2n ** 60n],
      real: 0.1,
      real_range: -1.5,
      real_optional: 1e300,
      real_set: [0.5, 2, -3.25],
      boolean: true,
      boolean_optional: false,
      boolean_set: [true, false],
      string: 'tab\t "quoted" \\ \u0001 é😀\uffff',
      string_length: '😀😀😀',
      string_enum: 'b',
      string_set: ['', 'x', 'y'],
      string_some: ['only'],
      uuid: some,
      uuid_optional: some,
      map: Object.fromEntries([['__proto__', 'p'], ['', ''], ['k', 'v']]),
      map_integer_boolean: { '9007199254740993': true, '-1': false },
      map_single: { one: 9 },
      map_real_real: { '0.5': 1.5 },
      map_boolean_string: { true: 'yes', false: 'no' },
      immutable: 4,
      ephemeral: 'gone at a restart',
    }; // prettier-ignore
    const { row: uuid, target } = await client.transact((tx) => {
      const target = tx.insert('Target', { name: 't' });
      const row = tx.insert('Every', {
        ...values,
        strong: target,
        strong_set: [target],
        weak_set: [target],
        map_uuid_strong: { [some]: target },
      });
      return { row, target };
    });
    const row = client.tables['Every']!.get(uuid)!;
    expect(comparable(row)).to.deep.equal(
      comparable({
        _uuid: uuid,
        ...values,
        strong: target,
        strong_set: [target],
        weak_set: [target],
        map_uuid_strong: { [some]: target },
      }),
    );
    expect(new Map([[uuid, comparable(row)]])).to.deep.equal(await raw.rows('Every'));
    const [selected] = await client.transact((tx) => tx.select('Every', uuid));
    expect(comparable(selected!)).to.deep.equal(comparable(row));
    await client.transact((tx) =>
      tx.mutate('Every', uuid, {
        integer: { add: 2n ** 62n },
        integer_range: { multiply: -1, subtract: 1 },
        real: { divide: 4 },
        integer_set: { add: 1 },
        boolean_set: { delete: [false] },
        map_integer_boolean: { set: { '-1': true } },
        map_boolean_string: { delete: ['true'] },
      }),
    );
    const changed = client.tables['Every']!.get(uuid)!;
    expect(changed).to.include({ integer: -(2n ** 62n), integer_range: 4, real: 0.025 });
    expect(changed['integer_set']).to.have.members([4, 2, 2n ** 60n + 1n]);
    expect(new Map([[uuid, comparable(changed)]])).to.deep.equal(await raw.rows('Every'));
    expect(client.tables['Every']!.find({ integer: -(2n ** 62n) })).to.equal(changed);
    await client.transact((tx) => tx.verify('Every', changed, ['integer', 'map', 'integer_set', 'strong_set', 'uuid']));
    const optionals = Object.keys(values).filter((name) => /_(optional|set|length|min)$|^map/.test(name));
    await client.transact((tx) =>
      tx.update('Every', uuid, Object.fromEntries(optionals.map((name) => [name, undefined]))),
    );
    const cleared = client.tables['Every']!.get(uuid)!;
    for (const name of optionals) expect(cleared[name] ?? [], name).to.be.empty;
  });

  it('writes without replicating anything', async () => {
    await using sandbox = await startServer();
    using raw = await RawClient.connect(sandbox.remote);
    await using client = await OvsdbClient.connect({ remotes: sandbox.remote, database: 'OVN_Northbound', tables: [] });
    const uuid = await client.transact((tx) => tx.insert('Address_Set', { name: 'a' }));
    expect([...(await raw.rows('Address_Set')).keys()]).to.deep.equal([uuid]);
    const rows = await client.transact((tx) => tx.select('Address_Set', [['name', '==', 'a']], ['name']));
    expect(rows).to.deep.equal([{ _uuid: uuid, name: 'a' }]);
    expect(Object.keys(client.tables)).to.deep.equal([]);
  });

  it('serves the southbound database', async () => {
    await using sandbox = await startServer({ schemas: [SOUTHBOUND] });
    await using client = await OvsdbClient.connect({
      remotes: sandbox.remote,
      database: 'OVN_Southbound',
      tables: 'all',
    });
    const { chassis } = await client.transact((tx) => {
      const encap = tx.insert('Encap', { type: 'geneve', ip: '10.0.0.1', chassis_name: 'c1' });
      const datapath = tx.insert('Datapath_Binding', { tunnel_key: 5 });
      const chassis = tx.insert('Chassis', { name: 'c1', hostname: 'host', encaps: [encap] });
      tx.insert('Port_Binding', { logical_port: 'p1', datapath, tunnel_key: 1, chassis });
      return { chassis };
    });
    const binding = client.tables['Port_Binding']!.find({ logical_port: 'p1' })!;
    expect(binding['chassis']).to.equal(chassis);
    expect(client.tables['Encap']!.size).to.equal(1);
    await client.transact((tx) => tx.delete('Chassis', chassis));
    expect(client.tables['Encap']!.size).to.equal(0);
    expect(client.tables['Port_Binding']!.find({ logical_port: 'p1' })!['chassis']).to.equal(undefined);
  });
});
