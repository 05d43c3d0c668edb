/** The commands on switches and ports beside ovn-nbctl on the same database, and `--wait`. */
import { expect } from 'chai';

import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import {
  lspAdd, lspDel, lspGet, lspGetAddresses, lspGetEnabled, lspGetLs, lspGetOptions, lspGetParent,
  lspGetPortSecurity, lspGetTag, lspGetType, lspGetUp, lspList, lspSetAddresses, lspSetDhcpv4Options,
  lspSetDhcpv6Options, lspSetEnabled, lspSetOptions, lspSetPortSecurity, lspSetType,
} from '../../lib/nb/ports.js'; // prettier-ignore
import { lsAdd, lsDel, lsGet, lsList, type SwitchTransaction } from '../../lib/nb/switches.js';
import { Sandbox } from '../../lib/testing/index.js';
import { comparable, eventually, RawClient } from './raw-client.js';
import { failure } from '../failure.js';
import { startServer, type TestServer } from './test-server.js';

const ignore = (): void => undefined;

/** All switches and ports, with names in place of uuids. */
async function contents(raw: RawClient): Promise<unknown> {
  const ports = await raw.rows('Logical_Switch_Port');
  const dhcp = await raw.rows('DHCP_Options');
  const nameOf = (uuid: unknown): unknown => ports.get(uuid as string)?.['name'] ?? uuid;
  const switches = [...(await raw.rows('Logical_Switch')).values()].map((row) =>
    comparable({ ...row, _uuid: '', ports: (row['ports'] as unknown[]).map(nameOf) }),
  );
  const withoutUuids = [...ports.values()].map((row) => ({
    ...row,
    _uuid: '',
    dhcpv4_options: dhcp.get(row['dhcpv4_options'] as string)?.['cidr'],
    dhcpv6_options: dhcp.get(row['dhcpv6_options'] as string)?.['cidr'],
  }));
  const byName = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return { switches: switches.sort(byName), ports: withoutUuids.sort(byName) };
}

type Ours = (tx: SwitchTransaction) => unknown;

describe('the commands on switches and ports', function () {
  this.timeout(90_000);
  let ours: TestServer;
  let theirs: Sandbox;
  let rawOurs: RawClient;
  let rawTheirs: RawClient;
  let nb: NorthboundClient;

  before(async () => {
    [ours, theirs] = await Promise.all([startServer(), Sandbox.start()]);
    rawOurs = await RawClient.connect(ours.remote);
    rawTheirs = await RawClient.connect(theirs.remote);
    nb = await connectNorthbound({ remotes: ours.remote, onWarning: ignore });
  });

  after(async () => {
    nb.close();
    rawOurs[Symbol.dispose]();
    rawTheirs[Symbol.dispose]();
    await Promise.all([ours.stop(), theirs.stop()]);
  });

  /** Each step on an empty database: ours and ovn-nbctl's; both succeed with equal results, or both refuse. */
  beforeEach(async () => {
    for (const raw of [rawOurs, rawTheirs]) {
      await raw.commit(
        { op: 'delete', table: 'Logical_Switch', where: [] },
        { op: 'delete', table: 'DHCP_Options', where: [] },
        ...['10.0.0.0/24', 'fd00::/64'].map((cidr) => ({ op: 'insert', table: 'DHCP_Options', row: { cidr } })),
      );
    }
    // The deletes were those of another connection.
    await eventually(() => nb.tables.Logical_Switch.size === 0);
  });

  const dhcpOf = async (raw: RawClient, cidr: string): Promise<string> => {
    const [uuid] = [...(await raw.rows('DHCP_Options', [['cidr', '==', cidr]])).keys()];
    return uuid!;
  };

  /** Carries out a command both ways and compares what the databases hold afterwards. */
  async function both(command: string, callback: Ours, refusal?: string): Promise<void> {
    const words = command.split(/ (?=(?:[^']*'[^']*')*[^']*$)/).map((word) => word.replace(/^'(.*)'$/, '$1'));
    const args: string[] = [];
    for (const word of words) args.push(word.startsWith('dhcp:') ? await dhcpOf(rawTheirs, word.slice(5)) : word);
    const refused = (await theirs.nbctl(...args).catch((error: unknown) => error as Error)) instanceof Error;
    const result = await nb.transact(callback).catch((error: unknown) => error as Error & { code: string });
    const said = result instanceof Error ? result.message : 'done';
    expect(result instanceof Error ? result.code : undefined, `${command}: ${said}`).to.equal(refusal);
    expect(refused, `ovn-nbctl refuses ${command}`).to.equal(refusal !== undefined);
    expect(await contents(rawOurs), command).to.deep.equal(await contents(rawTheirs));
  }

  it('ls-add, ls-del', async () => {
    await both('ls-add a', (tx) => lsAdd(tx, 'a'));
    await both('ls-add a', (tx) => lsAdd(tx, 'a'), 'AlreadyExists');
    await both('--may-exist ls-add a', (tx) => lsAdd(tx, 'a', { mayExist: true }));
    await both('--add-duplicate ls-add a', (tx) => lsAdd(tx, 'a', { addDuplicate: true }));
    await both('ls-del a', (tx) => lsDel(tx, 'a'), 'AmbiguousSwitch');
    await both('--if-exists ls-del b', (tx) => lsDel(tx, 'b', { ifExists: true }));
    await both('ls-del b', (tx) => lsDel(tx, 'b'), 'SwitchNotFound');
    await both('ls-add b -- lsp-add b p -- lsp-add b q', (tx) => {
      const ls = lsAdd(tx, 'b');
      lspAdd(tx, ls, 'p');
      lspAdd(tx, 'b', 'q');
    });
    await both('ls-del b', (tx) => lsDel(tx, 'b'));
    await both(
      '--may-exist --add-duplicate ls-add c',
      (tx) => lsAdd(tx, 'c', { mayExist: true, addDuplicate: true }),
      'InvalidValue',
    );
  });

  it('switches by uuid, in either case', async () => {
    const uuid = await nb.transact((tx) => lsAdd(tx, 'a'));
    expect(lsGet(nb, uuid.toUpperCase())).to.include({ name: 'a' });
    await nb.transact((tx) => lspAdd(tx, uuid.toUpperCase(), 'p'));
    await nb.transact((tx) => lsAdd(tx, 'a', { addDuplicate: true }));
    expect(() => lsGet(nb, 'a'))
      .to.throw()
      .with.property('code', 'AmbiguousSwitch');
    await nb.transact((tx) => lsDel(tx, uuid));
    expect(lsList(nb)).to.have.lengthOf(1);
    expect(nb.tables.Logical_Switch_Port.size).to.equal(0);
  });

  it('lsp-add, lsp-del', async () => {
    await both('ls-add a -- ls-add b', (tx) => [lsAdd(tx, 'a'), lsAdd(tx, 'b')]);
    await both('lsp-add a p', (tx) => lspAdd(tx, 'a', 'p'));
    await both('lsp-add a p', (tx) => lspAdd(tx, 'a', 'p'), 'AlreadyExists');
    await both('--may-exist lsp-add a p', (tx) => lspAdd(tx, 'a', 'p', { mayExist: true }));
    await both('--may-exist lsp-add b p', (tx) => lspAdd(tx, 'b', 'p', { mayExist: true }), 'AlreadyExists');
    await both('lsp-add c x', (tx) => lspAdd(tx, 'c', 'x'), 'SwitchNotFound');
    await both('lsp-add a c1 p 5', (tx) => lspAdd(tx, 'a', 'c1', { parent: 'p', tag: 5 }));
    await both('lsp-add a c2 p', (tx) => lspAdd(tx, 'a', 'c2', { parent: 'p' }), 'InvalidValue');
    await both('lsp-add a c3 p 4096', (tx) => lspAdd(tx, 'a', 'c3', { parent: 'p', tag: 4096 }), 'Validation');
    const mayExist = true;
    await both('--may-exist lsp-add a c1 p 5', (tx) => lspAdd(tx, 'a', 'c1', { mayExist, parent: 'p', tag: 5 }));
    await both(
      '--may-exist lsp-add a c1 p 6',
      (tx) => lspAdd(tx, 'a', 'c1', { mayExist, parent: 'p', tag: 6 }),
      'AlreadyExists',
    );
    await both(
      '--may-exist lsp-add a c1 q 5',
      (tx) => lspAdd(tx, 'a', 'c1', { mayExist, parent: 'q', tag: 5 }),
      'AlreadyExists',
    );
    await both('--may-exist lsp-add a c1', (tx) => lspAdd(tx, 'a', 'c1', { mayExist }), 'AlreadyExists');
    expect(lspGetParent(nb, 'c1')).to.equal('p');
    expect(lspGetTag(nb, 'c1')).to.equal(undefined);
    expect(lspGetLs(nb, 'c1').name).to.equal('a');
    expect(lspList(nb, 'a').map(({ name }) => name)).to.deep.equal(['c1', 'p']);
    await both('lsp-del c1', (tx) => lspDel(tx, 'c1'));
    await both('lsp-del c1', (tx) => lspDel(tx, 'c1'), 'PortNotFound');
    await both('--if-exists lsp-del c1', (tx) => lspDel(tx, 'c1', { ifExists: true }));
  });

  it('several in one transaction, each seeing what those before it did', async () => {
    await both('ls-add a -- lsp-add a p -- lsp-add a q', (tx) => {
      lsAdd(tx, 'a');
      lspAdd(tx, 'a', 'p');
      lspAdd(tx, 'a', 'q');
    });
    await both('lsp-add a r -- lsp-add a r', (tx) => [lspAdd(tx, 'a', 'r'), lspAdd(tx, 'a', 'r')], 'AlreadyExists');
    await both('lsp-add a r -- --may-exist lsp-add a r', (tx) => {
      const r = lspAdd(tx, 'a', 'r');
      expect(lspAdd(tx, 'a', 'r', { mayExist: true })).to.equal(r);
    });
    await both('ls-add b -- ls-add b', (tx) => [lsAdd(tx, 'b'), lsAdd(tx, 'b')], 'AlreadyExists');
    await both('lsp-del p -- lsp-add a p', (tx) => {
      lspDel(tx, 'p');
      lspAdd(tx, 'a', 'p');
    });
    await both(
      'lsp-del p -- lsp-del p',
      (tx) => {
        lspDel(tx, 'p');
        lspDel(tx, 'p');
      },
      'PortNotFound',
    );
    await both('lsp-add a s -- lsp-del s', (tx) => {
      lspAdd(tx, 'a', 's');
      lspDel(tx, 's');
    });
    await both('lsp-add a s -- lsp-del s -- lsp-add a s -- lsp-del s -- --if-exists lsp-del s', (tx) => {
      lspDel(tx, lspAdd(tx, 'a', 's'));
      lspAdd(tx, 'a', 's');
      lspDel(tx, 's', { ifExists: true });
      lspDel(tx, 's', { ifExists: true });
    });
    await both('ls-add c -- lsp-add c s -- ls-del c -- lsp-add a t', (tx) => {
      lsAdd(tx, 'c');
      lspAdd(tx, 'c', 's');
      lsDel(tx, 'c', { ifExists: true });
      lspDel(tx, 's', { ifExists: true });
      lspAdd(tx, 'a', 't');
    });
    const addAndDelete = (tx: SwitchTransaction): void => {
      lsAdd(tx, 'c', { addDuplicate: true });
      lsDel(tx, 'c');
    };
    await both(
      'ls-add c -- ls-del c -- ls-del c',
      (tx) => {
        addAndDelete(tx);
        lsDel(tx, 'c');
      },
      'SwitchNotFound',
    );
    await both('ls-add c', (tx) => lsAdd(tx, 'c'));
    await both('--add-duplicate ls-add c -- ls-del c', addAndDelete, 'AmbiguousSwitch');
    await both('ls-del a -- ls-add a', (tx) => {
      lsDel(tx, 'a');
      lsAdd(tx, 'a');
    });
    await both(
      'lsp-add a r -- lsp-set-type r router -- lsp-set-addresses r router -- lsp-set-options r router-port=lrp',
      (tx) => {
        const port = lspAdd(tx, 'a', 'r');
        lspSetType(tx, 'r', 'router');
        lspSetAddresses(tx, 'r', ['router']);
        lspSetOptions(tx, port, { 'router-port': 'lrp' });
      },
    );
    await both("lsp-set-type r '' -- lsp-set-addresses r unknown -- lsp-set-options r", (tx) => {
      lspSetType(tx, 'r', '');
      lspSetAddresses(tx, 'r', ['unknown']);
      lspSetOptions(tx, 'r', {});
    });
  });

  it('lsp-set-addresses, and addresses that a port of the switch has already', async () => {
    await both('ls-add a -- lsp-add a p -- lsp-add a q -- ls-add b -- lsp-add b x', (tx) => {
      lsAdd(tx, 'a');
      lspAdd(tx, 'a', 'p');
      lspAdd(tx, 'a', 'q');
      lsAdd(tx, 'b');
      lspAdd(tx, 'b', 'x');
    });
    const [one, same] = ['0a:00:00:00:00:01 10.0.0.1 fd00::1', '0a:00:00:00:00:02 10.0.0.1'];
    await both(`lsp-set-addresses p '${one}' unknown`, (tx) => lspSetAddresses(tx, 'p', [one, 'unknown']));
    expect(lspGetAddresses(nb, 'p')).to.deep.equal([one, 'unknown']);
    await both(`lsp-set-addresses q '${same}'`, (tx) => lspSetAddresses(tx, 'q', [same]), 'AddressInUse');
    await both(
      "lsp-set-addresses q '0a:00:00:00:00:02 fd00::1'",
      (tx) => lspSetAddresses(tx, 'q', ['0a:00:00:00:00:02 fd00::1']),
      'AddressInUse',
    );
    await both(`lsp-set-addresses x '${same}'`, (tx) => lspSetAddresses(tx, 'x', [same]));
    await both(`lsp-set-addresses p '${one}'`, (tx) => lspSetAddresses(tx, 'p', [one]));
    await both('lsp-set-addresses q dynamic', (tx) => lspSetAddresses(tx, 'q', ['dynamic']));
    await both("lsp-set-addresses q 'dynamic 10.0.0.9'", (tx) => lspSetAddresses(tx, 'q', ['dynamic 10.0.0.9']));
    await both('lsp-set-addresses q garbage', (tx) => lspSetAddresses(tx, 'q', ['garbage']), 'InvalidValue');
    await both('lsp-set-addresses z unknown', (tx) => lspSetAddresses(tx, 'z', ['unknown']), 'PortNotFound');
    // Here ovn-nbctl does not see what it has done itself.
    await nb.transact((tx) => {
      lspDel(tx, 'p');
      lspSetAddresses(tx, 'q', [same]);
    });
    expect(lspGetAddresses(nb, 'q')).to.deep.equal([same]);
    await theirs.nbctl('lsp-del', 'p');
    await both('lsp-set-addresses q', (tx) => lspSetAddresses(tx, 'q', []));
  });

  it('addresses taken within one transaction, by ports that are there, added and on a new switch', async () => {
    await nb.transact((tx) => {
      lsAdd(tx, 'a');
      lspAdd(tx, 'a', 'p');
      lspAdd(tx, 'a', 'q');
    });
    const [one, two] = ['0a:00:00:00:00:01 10.0.0.1', '0a:00:00:00:00:02 10.0.0.1'];
    const clashes: ((tx: SwitchTransaction) => void)[] = [
      (tx) => {
        lspSetAddresses(tx, 'p', [one]);
        lspSetAddresses(tx, 'q', [two]);
      },
      (tx) => {
        lspAdd(tx, 'a', 'r', { columns: { addresses: [one] } });
        lspSetAddresses(tx, 'q', [two]);
      },
      (tx) => {
        lspSetAddresses(tx, 'q', [two]);
        lspAdd(tx, 'a', 'r', { columns: { addresses: [one] } });
      },
      (tx) => {
        const ls = lsAdd(tx, 'new');
        lspAdd(tx, ls, 'r', { columns: { addresses: [one] } });
        lspSetAddresses(tx, lspAdd(tx, 'new', 's'), [two]);
      },
    ];
    const freed: ((tx: SwitchTransaction) => void)[] = [
      (tx) => {
        lspAdd(tx, 'a', 'r', { columns: { addresses: [one] } });
        lspDel(tx, 'r');
        lspSetAddresses(tx, 'q', [two]);
      },
      (tx) => {
        lspSetAddresses(tx, 'q', [one]);
        lspSetAddresses(tx, 'q', []);
        lspSetAddresses(tx, 'p', [two]);
      },
      (tx) => {
        lspDel(tx, 'p');
        lspAdd(tx, 'a', 'p', { columns: { addresses: [one] } });
      },
    ];
    for (const free of freed) await nb.transact(free);
    await nb.transact((tx) => lspSetAddresses(tx, 'p', []));
    for (const clash of clashes) expect(await failure(nb.transact(clash))).to.include({ code: 'AddressInUse' });
    await nb.transact((tx) => lspSetAddresses(tx, 'p', [one]));
    await nb.transact((tx) => {
      lspSetAddresses(tx, 'p', []);
      lspSetAddresses(tx, 'q', [two]);
    });
    expect(lspGetAddresses(nb, 'q')).to.deep.equal([two]);
  });

  it('an address that ovn-northd gave another port', async () => {
    await nb.transact((tx) => {
      lsAdd(tx, 'a');
      lspAdd(tx, 'a', 'p', { columns: { addresses: ['dynamic'] } });
      lspAdd(tx, 'a', 'q');
    });
    await rawOurs.commit({
      op: 'update',
      table: 'Logical_Switch_Port',
      where: [['name', '==', 'p']],
      row: { dynamic_addresses: '0a:00:00:00:00:01 10.0.0.5' },
    });
    await nb.tables.Logical_Switch_Port.until(({ dynamic_addresses }) => dynamic_addresses !== undefined);
    const taken = nb.transact((tx) => lspSetAddresses(tx, 'q', ['0a:00:00:00:00:02 10.0.0.5']));
    expect((await failure(taken)).message).to.include('port "p" of the same switch has it');
  });

  it('the settings of a port', async () => {
    await both('ls-add a -- lsp-add a p', (tx) => {
      lsAdd(tx, 'a');
      lspAdd(tx, 'a', 'p');
    });
    expect([lspGetEnabled(nb, 'p'), lspGetUp(nb, 'p'), lspGetType(nb, 'p')]).to.deep.equal([true, false, '']);
    await both('lsp-set-enabled p disabled', (tx) => lspSetEnabled(tx, 'p', false));
    expect(lspGetEnabled(nb, 'p')).to.equal(false);
    await both('lsp-set-enabled p enabled', (tx) => lspSetEnabled(tx, 'p', true));
    await both('lsp-set-type p localnet', (tx) => lspSetType(tx, 'p', 'localnet'));
    expect(lspGetType(nb, 'p')).to.equal('localnet');
    await both('lsp-set-type p nonsense', (tx) => lspSetType(tx, 'p', 'nonsense' as never), 'InvalidValue');
    await both('lsp-set-options p network_name=n x=y', (tx) => lspSetOptions(tx, 'p', { network_name: 'n', x: 'y' }));
    await both('lsp-set-options p z=1', (tx) => lspSetOptions(tx, 'p', { z: '1' }));
    expect({ ...lspGetOptions(nb, 'p') }).to.deep.equal({ z: '1' });
    const security = '0a:00:00:00:00:01 10.0.0.1/24';
    await both(`lsp-set-port-security p '${security}'`, (tx) => lspSetPortSecurity(tx, 'p', [security]));
    expect(lspGetPortSecurity(nb, 'p')).to.deep.equal([security]);
    await both('lsp-set-port-security p', (tx) => lspSetPortSecurity(tx, 'p', []));
    expect(await failure(nb.transact((tx) => lspSetPortSecurity(tx, 'p', ['rubbish'])))).to.include({
      code: 'InvalidValue',
    });
    const [v4, v6] = await Promise.all([dhcpOf(rawOurs, '10.0.0.0/24'), dhcpOf(rawOurs, 'fd00::/64')]);
    await nb.tables.DHCP_Options.until(({ _uuid }) => _uuid === v6);
    await both('lsp-set-dhcpv4-options p dhcp:10.0.0.0/24', (tx) => lspSetDhcpv4Options(tx, 'p', v4 as never));
    expect(lspGet(nb, 'p').dhcpv4_options).to.equal(v4);
    await both(
      'lsp-set-dhcpv4-options p dhcp:fd00::/64',
      (tx) => lspSetDhcpv4Options(tx, 'p', v6 as never),
      'InvalidValue',
    );
    await both('lsp-set-dhcpv6-options p dhcp:fd00::/64', (tx) => lspSetDhcpv6Options(tx, 'p', v6 as never));
    await both('lsp-set-dhcpv4-options p', (tx) => lspSetDhcpv4Options(tx, 'p', undefined));
    const absent = '01234567-89ab-4def-8123-456789abcdef';
    await both(
      `lsp-set-dhcpv4-options p ${absent}`,
      (tx) => lspSetDhcpv4Options(tx, 'p', absent as never),
      'InvalidValue',
    );
  });

  it('a port that goes while it is being changed', async () => {
    await nb.transact((tx) => {
      lsAdd(tx, 'a');
      lspAdd(tx, 'a', 'p');
    });
    let runs = 0;
    const [error] = await Promise.all([
      failure(
        (async () => {
          for (;;) {
            await nb.transact((tx) => {
              runs++;
              lspSetEnabled(tx, 'p', runs % 2 === 0);
            });
          }
        })(),
      ),
      rawOurs.commit({ op: 'delete', table: 'Logical_Switch', where: [] }),
    ]);
    expect(error).to.include({ code: 'PortNotFound' });
  });

  describe('waiting', () => {
    let northd: NorthboundClient | undefined;

    /** Does what ovn-northd does to NB_Global. */
    async function startNorthd(...columns: readonly string[]): Promise<void> {
      const client = await connectNorthbound({ remotes: ours.remote, onWarning: ignore });
      const follow = (): void => {
        const row = [...client.tables.NB_Global.values()][0];
        if (row === undefined) return;
        const behind = columns.filter((column) => row[column as 'sb_cfg'] !== row.nb_cfg);
        if (behind.length === 0) return;
        const update = Object.fromEntries(behind.map((column) => [column, row.nb_cfg]));
        client.transact((tx) => tx.update('NB_Global', row._uuid, update)).catch(() => undefined);
      };
      client.on('batch', follow);
      follow();
      northd = client;
    }

    beforeEach(() => rawOurs.commit({ op: 'delete', table: 'NB_Global', where: [] }));
    afterEach(() => northd?.close());

    it('for sb and hv resolves once ovn-northd and the chassis have followed', async () => {
      await startNorthd('sb_cfg', 'hv_cfg');
      expect(await nb.sync('sb')).to.equal(1);
      expect(await nb.sync('hv')).to.equal(2);
      const many = await Promise.all(Array.from({ length: 10 }, (_, i) => nb.sync(i % 2 === 0 ? 'sb' : 'hv')));
      expect([...many].sort((a, b) => Number(a) - Number(b))).to.deep.equal([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    });

    it('makes the first row of NB_Global once, whoever comes first', async () => {
      await using other = await connectNorthbound({ remotes: ours.remote, onWarning: ignore });
      await startNorthd('sb_cfg');
      const reached = await Promise.all([nb.sync('sb'), other.sync('sb'), nb.sync('sb'), other.sync('sb')]);
      expect(Math.max(...reached.map(Number))).to.equal(4);
      expect(await rawOurs.rows('NB_Global')).to.have.lengthOf(1);
    });

    it('counts beyond 2^53 and starts again after the largest integer', async () => {
      await startNorthd('sb_cfg');
      await rawOurs.commit({ op: 'insert', table: 'NB_Global', row: { nb_cfg: 2n ** 53n + 4n } });
      await nb.tables.NB_Global.until(() => true);
      expect(await nb.sync('sb')).to.equal(2n ** 53n + 5n);
      await rawOurs.commit({ op: 'update', table: 'NB_Global', where: [], row: { nb_cfg: 2n ** 63n - 1n } });
      await nb.tables.NB_Global.until(({ sb_cfg }) => sb_cfg === 2n ** 63n - 1n);
      expect(await nb.sync('sb')).to.equal(1);
      expect(nb.tables.NB_Global.find({ sb_cfg: 1 })).not.to.equal(undefined);
    });

    it('fails after its time when nobody follows, and on abort', async () => {
      const error = await failure(nb.sync('sb', { timeoutMs: 50 }));
      expect(error).to.include({ code: 'Timeout', timeoutMs: 50 });
      expect(error.message).to.include('sb_cfg').and.to.include('ovn-northd');
      await startNorthd('sb_cfg');
      expect((await failure(nb.sync('hv', { timeoutMs: 100 }))).message).to.include('hv_cfg');
      const reason = new Error('enough');
      const controller = new AbortController();
      const pending = failure(nb.sync('hv', { signal: controller.signal }));
      setImmediate(() => controller.abort(reason));
      expect(await pending).to.equal(reason);
    });

    it('for a port resolves with its row when it is up', async () => {
      const pending = nb.portUp('p');
      await nb.transact((tx) => {
        lsAdd(tx, 'a');
        lspAdd(tx, 'a', 'p');
        lspAdd(tx, 'a', 'q');
      });
      const up = (name: string, value: boolean): Promise<unknown> =>
        rawOurs.commit({
          op: 'update',
          table: 'Logical_Switch_Port',
          where: [['name', '==', name]],
          row: { up: value },
        });
      await up('q', true);
      await up('p', false);
      await eventually(() => lspGetUp(nb, 'q'));
      await up('p', true);
      expect(await pending).to.include({ name: 'p', up: true });
      expect(await nb.portUp('p')).to.include({ name: 'p', up: true });
      expect(await failure(nb.portUp('none', { timeoutMs: 20 }))).to.include({ code: 'Timeout' });
    });
  });
});
