import { expect } from 'chai';

import { SettledPorts, type SettledSet } from '../../../../lib/statefulset/allocation/settled-ports.js';
import {
  PORT_KEYS,
  readManagedPort,
  type ManagedPort,
  type ManagedPortRow,
} from '../../../../lib/statefulset/managed-port.js';
import type { ManagerClient, SwitchIndex } from '../../../../lib/statefulset/switches/switch-index.js';
import { podOfOrdinal, readWorkload, type Workload } from '../../../../lib/statefulset/workload.js';

const MAC = '0a:00:00:00:00:01';
const IDS = {
  [PORT_KEYS.vendor]: 'ovn-northbound',
  [PORT_KEYS.statefulSet]: 'default/web',
  [PORT_KEYS.ordinal]: '0',
  [PORT_KEYS.ownerUid]: 'a',
  [PORT_KEYS.mac]: MAC,
  [PORT_KEYS.ip4]: '10.0.0.2',
};

/** A port of `web-0` as the manager makes it, but for what is given. */
function made(columns: Record<string, unknown> = {}, ids: Record<string, string | undefined> = {}): ManagedPort {
  const row = {
    _uuid: 'port',
    name: 'web-0.default',
    type: '',
    addresses: [`${MAC} 10.0.0.2`],
    port_security: [],
    options: {},
    ...columns,
    external_ids: Object.fromEntries(Object.entries({ ...IDS, ...ids }).filter(([, value]) => value !== undefined)),
  };
  return readManagedPort(row as unknown as ManagedPortRow)!;
}

describe('SettledPorts', () => {
  const rows = new Map<string, ManagedPortRow>();
  const client = { tables: { Logical_Switch_Port: rows } } as unknown as ManagerClient;
  const index = { has: () => true } as unknown as SwitchIndex;
  const workload = readWorkload({ metadata: { name: 'web', uid: 'a' } });
  const pod = podOfOrdinal(workload, 0);

  function noteMade(port: ManagedPort, portSecurity = false, of: Workload = workload): SettledSet {
    const settled = new SettledPorts(client, portSecurity).of(of, undefined, index);
    rows.set('port', port.row);
    settled.noteMade(pod, port);
    return settled;
  }

  it('takes a port that is as it was made, and tells of it', () => {
    expect(noteMade(made()).find(pod)).to.deep.equal({
      status: 'reused',
      statefulSet: 'default/web',
      ordinal: 0,
      pod: 'web-0',
      port: 'web-0.default',
      ip4: '10.0.0.2',
      ip6: undefined,
      mac: MAC,
      uuid: 'port',
      refreshed: false,
      stale: false,
      drift: undefined,
    });
    const secured = made({ port_security: [`${MAC} 10.0.0.2`] });
    expect(noteMade(secured, true).find(pod)).to.include({ status: 'reused' });
    const anyUid = readWorkload({ metadata: { name: 'web' } });
    expect(noteMade(made(), false, anyUid).find(pod)).to.include({ status: 'reused' });
  });

  for (const [what, port, portSecurity] of [
    ['its name', made({ name: 'other.default' })],
    ['its addresses', made({ addresses: [`${MAC} 10.0.0.3`] })],
    ['its MAC address', made({ addresses: ['0a:00:00:00:00:02 10.0.0.2'] })],
    ['what there is of addresses', made({ addresses: [] })],
    ['what there is of addresses besides', made({ addresses: [`${MAC} 10.0.0.2`, 'unknown'] })],
    ['the address that it notes', made({}, { [PORT_KEYS.ip4]: '10.0.0.3' })],
    ['its port security', made(), true],
    ['its StatefulSet', made({}, { [PORT_KEYS.statefulSet]: 'default/other' })],
    ['its vendor', made({}, { [PORT_KEYS.vendor]: 'other' })],
    ['the uid that it notes', made({}, { [PORT_KEYS.ownerUid]: 'b' })],
    ['the uid that it noted', made({}, { [PORT_KEYS.ownerUid]: undefined })],
  ] as const) {
    it(`does not take a port of which somebody has changed ${what} since it was made`, () => {
      expect(noteMade(port, portSecurity).find(pod)).to.equal(undefined);
    });
  }

  it('knows nothing of a StatefulSet that it has forgotten, nor of one that it has no room for', () => {
    const ports = new SettledPorts(client, false);
    const port = made();
    rows.set('port', port.row);
    ports.of(workload, undefined, index).note(pod, port);
    expect(ports.of(workload, undefined, index).find(pod)).to.include({ status: 'reused' });
    ports.forget(workload.key);
    expect(ports.has(workload.key)).to.equal(false);
    ports.of(workload, undefined, index).note(pod, port);
    for (let i = 0; i < 10_000; i++) ports.of({ ...workload, key: `default/web${i}` }, undefined, index);
    expect(ports.has(workload.key)).to.equal(false);
    expect(ports.has('default/web0')).to.equal(true);
  });
});
