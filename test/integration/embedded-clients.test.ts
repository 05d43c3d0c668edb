/** Programs of OVN and Open vSwitch on the embedded server: they print and do the same there as on a real one. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { requireExecutable, requireNorthboundSchema, toolEnvironment } from '../../lib/testing/executable.js';
import { EmbeddedServer, Sandbox } from '../../lib/testing/index.js';

const NORTHBOUND = requireNorthboundSchema();
const SCHEMAS = [NORTHBOUND, NORTHBOUND.replace('ovn-nb', 'ovn-sb')];

/** What is given to ovn-nbctl, one call a line; some of it is refused, by the program or by the server. */
const CALLS = `
  set NB_Global . options:mac_prefix=0a:11:22 options:svc_monitor_mac=0a:11:22:33:44:55
  ls-add sw0 -- set Logical_Switch sw0 other_config:subnet=10.0.0.0/24
  ls-add sw0
  lsp-add sw0 vm1 -- lsp-set-addresses vm1 dynamic -- set Logical_Switch_Port vm1 external_ids:who=me
  lsp-add sw0 vm2 vm1 7 -- lsp-set-addresses vm2 0a:00:00:00:00:02
  set Logical_Switch_Port vm2 tag=5000
  acl-add sw0 to-lport 1000 ip4 drop
  lr-add r0 -- lrp-add r0 r0-sw0 0a:00:00:00:00:01 10.0.0.1/24
  lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
  lr-route-add r0 0.0.0.0/0 10.0.0.254
  lr-nat-add r0 snat 10.0.0.100 10.0.0.0/24
  lb-add lb0 10.0.0.10:80 10.0.0.2:80 -- ls-lb-add sw0 lb0
  dhcp-options-create 10.0.0.0/24
  pg-add group vm1 vm2
  pg-add group
  create ACL priority=1 direction=nowhere match=ip4 action=allow
  -- --id=@b create Meter_Band rate=1 action=drop -- create Meter name=m unit=kbps bands=@b
  --columns=name,tag,addresses,options find Logical_Switch_Port type!=router
  get Logical_Switch_Port vm1 external_ids:who
  wait-until Logical_Switch sw0 name=sw0
  destroy Logical_Switch_Port nobody
  --wait=sb sync
  show
`;

/** What is given to ovsdb-client, with the remote after the first word. */
const QUERIES: readonly (readonly string[])[] = [
  ['list-dbs'],
  ['get-schema', 'OVN_Northbound'],
  ['list-columns', 'OVN_Southbound', 'Port_Binding'],
  ['needs-conversion', NORTHBOUND],
  ['transact', '["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"nam":"a"}}]'],
  ['query', '["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"gone"}}]'],
  ['dump', 'OVN_Southbound', 'Port_Binding', 'logical_port', 'type', 'mac', 'parent_port', 'tag'],
  ['dump', 'OVN_Southbound', 'Logical_Flow', 'pipeline', 'table_id', 'priority', 'match', 'actions'],
  ['dump', 'OVN_Northbound'],
];

/** What became of a call. */
interface Outcome {
  readonly what: string;
  readonly status: unknown;
  readonly lines: readonly string[];
}

describe('programs of OVN and Open vSwitch', function () {
  this.timeout(30_000);
  let directory: string;

  before(() => (directory = mkdtempSync(join(tmpdir(), 'clients-'))));
  after(() => rmSync(directory, { recursive: true, force: true }));

  function startNorthd(name: string, remote: string): ChildProcess {
    const args = ['--no-chdir', '-vconsole:off', `--unixctl=${join(directory, `${name}.ctl`)}`];
    return spawn(requireExecutable('ovn-northd'), [...args, `--ovnnb-db=${remote}`, `--ovnsb-db=${remote}`], {
      stdio: 'ignore',
      env: toolEnvironment(),
    });
  }

  /** What all of the programs say of the server, line by line, in an order that is the same on both. */
  async function outcomes(name: string, remote: string): Promise<Outcome[]> {
    const northd = startNorthd(name, remote);
    try {
      const nbctl = [`--db=${remote}`, '--timeout=10', '--no-leader-only'];
      const all: Outcome[] = [];
      for (const call of CALLS.trim().split(/\n\s*/)) {
        all.push({ what: call, ...(await run('ovn-nbctl', [...nbctl, ...call.split(' ')])) });
      }
      for (const [command = '', ...rest] of QUERIES) {
        all.push({
          what: [command, ...rest].join(' '),
          ...(await run('ovsdb-client', ['--timeout=10', command, remote, ...rest])),
        });
      }
      return all;
    } finally {
      northd.kill();
      if (northd.exitCode === null && northd.signalCode === null) await once(northd, 'exit');
    }
  }

  it('do on the embedded server what they do on ovsdb-server', async () => {
    await using real = await Sandbox.start({ schemas: SCHEMAS });
    await using embedded = await EmbeddedServer.start({ schemas: SCHEMAS });
    const [theirs, ours] = await Promise.all([outcomes('real', real.remote), outcomes('ours', embedded.remote)]);
    expect(ours).to.deep.equal(theirs);
    // Neither of them failed altogether: northd has filled the southbound, and what is wrong was refused.
    expect(ours.at(-2)?.lines).to.have.length.above(100);
    const refused = ours.filter(({ status }) => status !== 0).map(({ what }) => what.split(' ')[0]);
    expect(refused).to.deep.equal(['ls-add', 'set', 'pg-add', 'create', 'destroy']);
  });
});

/** Runs a program; what it writes comes without what differs by chance: uuids, times, and the order and width of rows. */
function run(program: string, args: readonly string[]): Promise<Omit<Outcome, 'what'>> {
  return new Promise((resolve) => {
    execFile(requireExecutable(program), args, { env: toolEnvironment() }, (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`
        .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|\d{13}/g, 'TIME')
        .split('\n');
      resolve({ status: error === null ? 0 : error.code, lines: lines.map((line) => line.replace(/ +$/, '')).sort() });
    });
  });
}
