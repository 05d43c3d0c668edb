/** With a real ovn-northd between the northbound and the southbound database. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { expect } from 'chai';

import { connectNorthbound, lsAdd, lspAdd, StatefulSetPortManager, type NorthboundClient } from '../../lib/index.js';
import { Sandbox } from '../../lib/testing/index.js';
import { IP_POOL_ANNOTATION } from '../../lib/statefulset/workload.js';

const SCHEMAS = ['/usr/share/ovn/ovn-nb.ovsschema', '/usr/share/ovn/ovn-sb.ovsschema'];

describe('beside ovn-northd', () => {
  let sandbox: Sandbox;
  let northd: ChildProcess;
  let nb: NorthboundClient;

  before(async () => {
    sandbox = await Sandbox.start({ schemas: SCHEMAS });
    const { directory, remote } = sandbox;
    northd = spawn(
      'ovn-northd',
      [
        '--no-chdir',
        '-vconsole:off',
        `--unixctl=${join(directory, 'northd.ctl')}`,
        `--ovnnb-db=${remote}`,
        `--ovnsb-db=${remote}`,
      ],
      { stdio: 'ignore', env: { ...process.env, OVN_RUNDIR: directory } },
    );
    nb = await connectNorthbound({ remotes: remote, onWarning: () => undefined });
    await nb.transact((tx) => {
      const product = lsAdd(tx, 'product', { columns: { other_config: { subnet: '10.16.0.0/24' } } });
      lspAdd(tx, product, 'vm', { columns: { addresses: ['dynamic'] } });
    });
  });

  after(async () => {
    nb.close();
    northd.kill();
    if (northd.exitCode === null && northd.signalCode === null) await once(northd, 'exit');
    await sandbox.stop();
  });

  it("sync('sb') resolves when northd has taken over what was committed", async () => {
    const cfg = await nb.sync('sb');
    expect([...nb.tables.NB_Global.values()][0]?.sb_cfg).to.equal(cfg);
    expect(nb.tables.Logical_Switch_Port.find({ name: 'vm' })?.dynamic_addresses).to.match(/ 10\.16\.0\.2$/);
    expect(await sandbox.client('dump', 'OVN_Southbound', 'Port_Binding', 'logical_port')).to.include('vm');
  });

  it('situation 14: the address that northd gave to a dynamic port is in use', async () => {
    await nb.sync('sb');
    using manager = new StatefulSetPortManager(nb, { subnets: { product: { logicalSwitch: 'product' } } });
    const annotations = { [IP_POOL_ANNOTATION]: '10.16.0.2,10.16.0.3' };
    const spec = { replicas: 2, template: { metadata: { annotations } } };
    const { outcomes, errors } = await manager.apply({ metadata: { name: 'web', namespace: 'product' }, spec });
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['refused', 'created']);
    expect(errors[0]).to.include({ code: 'AddressInUse', pod: 'web-0' });
    expect(errors[0]?.details).to.deep.equal({ ip: '10.16.0.2', port: 'vm', retained: false });
  });

  it('northd leaves the address of a port of ours alone', async () => {
    await nb.transact((tx) => lspAdd(tx, 'product', 'vm2', { columns: { addresses: ['dynamic'] } }));
    await nb.sync('sb');
    expect(nb.tables.Logical_Switch_Port.find({ name: 'vm2' })?.dynamic_addresses).to.match(/ 10\.16\.0\.4$/);
  });
});
