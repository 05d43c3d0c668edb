/** The index of a switch against a model that looks at everything anew each time. */
import { expect } from 'chai';
import fc from 'fast-check';

import { parseSubnet, type SubnetNetwork } from '../../lib/ipam/subnet.js';
import { parseIp, ipFromValue } from '../../lib/ipam/address.js';
import { PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import { SwitchIndexes, type SwitchIndex } from '../../lib/statefulset/switches/switch-index.js';
import { ReplicatedNorthbound, type Contents, type WireColumns } from './replicated-northbound.js';

const MACS = [1, 2, 3, 4].map((n) => `0a:00:00:00:00:0${n}`);
const IP4S = Array.from({ length: 10 }, (_, i) => `10.5.0.${i}`);
const IP6S = Array.from({ length: 10 }, (_, i) => `fd00:5::${(i + 1).toString(16)}`);
/** One in each network's reach, one outside of both. */
const IPS = [...IP4S, ...IP6S, '192.0.2.1'];
const ROUTER_PORTS = ['lrp0', 'lrp1', 'lrp2'];

const dual = parseSubnet({
  cidr: '10.5.0.0/28,fd00:5::/124',
  gateway: '10.5.0.2',
  exclude: '10.5.0.5..10.5.0.6,fd00:5::3',
});
const NETWORKS: readonly SubnetNetwork[] = [dual.v4!, dual.v6!, parseSubnet({ cidr: '10.5.0.0/29' }).v4!];

/** One element of `addresses`. */
type Element = { mac: string; ips: string[] } | 'unknown' | 'dynamic' | 'router';
interface Port {
  elements: Element[];
  dynamic: { mac: string; ip: string } | undefined;
  type: '' | 'virtual' | 'router';
  virtualIp: string;
  routerPort: string;
  kept: { mac: string; ip4: string | undefined; ip6: string | undefined } | undefined;
  note: number;
}
interface RouterPort {
  mac: string;
  networks: string[];
}

/** All that there is: what the database holds, and what is held for ports on their way. */
class Model {
  readonly switches = new Map<string, Set<string>>();
  readonly ports = new Map<string, Port>();
  readonly routerPorts = new Map<string, { name: string } & RouterPort>();
  readonly held = new Map<string, Set<string>>();
  #count = 0;

  uuid(): string {
    return `00000000-0000-4000-8000-${String(++this.#count).padStart(12, '0')}`;
  }

  /** As in the database, a port that is on no switch does not exist. */
  collect(): void {
    for (const uuid of this.ports.keys()) {
      if (![...this.switches.values()].some((ports) => ports.has(uuid))) this.ports.delete(uuid);
    }
  }

  contents(): Contents {
    const rows = <V>(
      from: Map<string, V>,
      columns: (value: V, uuid: string) => WireColumns,
    ): Contents['Logical_Switch'] =>
      Object.fromEntries(Array.from(from, ([uuid, value]) => [uuid, columns(value, uuid)]));
    return {
      Logical_Switch: rows(this.switches, (ports, uuid) => ({
        name: `switch ${uuid}`,
        ports: ['set', Array.from(ports, (port) => ['uuid', port])],
      })),
      Logical_Switch_Port: rows(this.ports, portColumns),
      Logical_Router_Port: rows(this.routerPorts, ({ name, mac, networks }) => ({
        name,
        mac,
        networks: ['set', networks],
      })),
    };
  }

  /** Uuids of the ports of a switch that have an address. */
  owners(logicalSwitch: string, address: string): string[] {
    return [...this.switches.get(logicalSwitch)!].filter((port) => this.addressesOf(port).includes(address)).sort();
  }

  addressesOf(uuid: string): string[] {
    const { elements, dynamic, type, virtualIp, kept } = this.ports.get(uuid)!;
    const plain = elements.flatMap((element) => (typeof element === 'object' ? [element.mac, ...element.ips] : []));
    const given = dynamic === undefined ? [] : [dynamic.mac, dynamic.ip];
    const virtual = type === 'virtual' ? [virtualIp] : [];
    return [...plain, ...given, ...virtual, ...(kept === undefined || isPlain(elements) ? [] : promised(kept))];
  }

  /** Names of the router ports that a switch is connected to and that have an address. */
  routersWith(logicalSwitch: string, address: string): string[] {
    const connected = [...this.switches.get(logicalSwitch)!].flatMap((uuid) => {
      const { type, routerPort } = this.ports.get(uuid)!;
      return type === 'router' ? [routerPort] : [];
    });
    return [...this.routerPorts.values()]
      .filter(({ name, mac, networks }) => {
        const addresses = [mac, ...networks.map((network) => network.split('/')[0])];
        return connected.includes(name) && addresses.includes(address);
      })
      .map(({ name }) => name);
  }
}

function promised({ mac, ip4, ip6 }: NonNullable<Port['kept']>): string[] {
  return [mac, ip4, ip6].filter((address) => address !== undefined);
}

/** One element with at least one address, and at most one of each family: what a kept port is expected to have. */
function isPlain([only, ...others]: readonly Element[]): boolean {
  if (typeof only !== 'object' || others.length > 0) return false;
  const count6 = only.ips.filter((ip) => ip.includes(':')).length;
  return only.ips.length > 0 && count6 <= 1 && only.ips.length - count6 <= 1;
}

function portColumns({ elements, dynamic, type, virtualIp, routerPort, kept, note }: Port, uuid: string): WireColumns {
  const print = (element: Element): string =>
    typeof element === 'object' ? [element.mac, ...element.ips].join(' ') : element;
  const ids = kept && {
    [PORT_KEYS.statefulSet]: 'space/web',
    [PORT_KEYS.ordinal]: '0',
    [PORT_KEYS.pod]: 'space/web-0',
    [PORT_KEYS.mac]: kept.mac,
    ...(kept.ip4 !== undefined && { [PORT_KEYS.ip4]: kept.ip4 }),
    ...(kept.ip6 !== undefined && { [PORT_KEYS.ip6]: kept.ip6 }),
  };
  return {
    name: `port ${uuid}`,
    type,
    addresses: ['set', elements.map(print)],
    dynamic_addresses: dynamic === undefined ? ['set', []] : `${dynamic.mac} ${dynamic.ip}`,
    options: [
      'map',
      [
        ['virtual-ip', virtualIp],
        ['router-port', routerPort],
      ],
    ],
    external_ids: ['map', Object.entries({ note: String(note), ...ids })],
  };
}

const mac = fc.constantFrom(...MACS);
const ip = fc.constantFrom(...IPS);
const ip4 = fc.constantFrom(...IP4S);
const ip6 = fc.constantFrom(...IP6S);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const port: fc.Arbitrary<Port> = fc.record({
  elements: fc.uniqueArray(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ mac, ips: fc.uniqueArray(ip, { maxLength: 3 }) }) },
      fc.constantFrom('unknown' as const, 'dynamic' as const, 'router' as const),
    ),
    { maxLength: 3, selector: (element) => JSON.stringify(element) },
  ),
  dynamic: optional(fc.record({ mac, ip })),
  type: fc.constantFrom('', '', 'virtual', 'router'),
  virtualIp: ip,
  routerPort: fc.constantFrom(...ROUTER_PORTS),
  kept: optional(fc.record({ mac, ip4: optional(ip4), ip6: optional(ip6) })),
  note: fc.nat(3),
});
/** Few, so that several have the same. */
const routerIp = fc.constantFrom('10.5.0.7', '10.5.0.8', 'fd00:5::7');
const routerPort: fc.Arbitrary<RouterPort> = fc.record({
  mac,
  networks: fc.uniqueArray(
    routerIp.map((address) => `${address}/${address.includes(':') ? 64 : 24}`),
    { maxLength: 3 },
  ),
});

/** One change; numbers choose among what there is at the time. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), at: fc.nat(), port }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('rewrite' as const), which: fc.nat(), port }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('touch' as const),
      which: fc.nat(),
      key: fc.constantFrom('elements', 'dynamic', 'type', 'virtualIp', 'routerPort', 'kept', 'note'),
      part: port,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), which: fc.nat(), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('share' as const), which: fc.nat(), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replaceSwitch' as const), at: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('router' as const),
      name: fc.constantFrom(...ROUTER_PORTS),
      routerPort: optional(routerPort),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('renameRouter' as const),
      name: fc.constantFrom(...ROUTER_PORTS),
      to: fc.constantFrom(...ROUTER_PORTS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      at: fc.nat(),
      ip: fc.constantFrom('10.5.0.3', '10.5.0.7', 'fd00:5::4'),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(model: Model, indexes: SwitchIndexes, change: Step): void {
  const at = <T>(items: Iterable<T>, n: number): T | undefined => {
    const list = [...items];
    return list[n % list.length];
  };
  switch (change.kind) {
    case 'add': {
      const uuid = model.uuid();
      model.ports.set(uuid, change.port);
      at(model.switches.values(), change.at)?.add(uuid);
      break;
    }
    case 'rewrite': {
      const uuid = at(model.ports.keys(), change.which);
      if (uuid !== undefined) model.ports.set(uuid, change.port);
      break;
    }
    case 'touch': {
      const uuid = at(model.ports.keys(), change.which);
      const picked = { [change.key]: change.part[change.key] };
      if (uuid !== undefined) model.ports.set(uuid, { ...model.ports.get(uuid)!, ...picked });
      break;
    }
    case 'remove':
    case 'move':
    case 'share': {
      const uuid = at(model.ports.keys(), change.which);
      if (uuid === undefined) break;
      if (change.kind !== 'share') for (const ports of model.switches.values()) ports.delete(uuid);
      if (change.kind !== 'remove') at(model.switches.values(), change.to)?.add(uuid);
      break;
    }
    case 'replaceSwitch': {
      const uuid = at(model.switches.keys(), change.at)!;
      model.switches.delete(uuid);
      model.held.delete(uuid);
      model.switches.set(model.uuid(), new Set());
      break;
    }
    case 'router': {
      const known = [...model.routerPorts].find(([, { name }]) => name === change.name);
      if (change.routerPort === undefined) model.routerPorts.delete(known?.[0] ?? '');
      else model.routerPorts.set(known?.[0] ?? model.uuid(), { name: change.name, ...change.routerPort });
      break;
    }
    case 'renameRouter': {
      const [uuid, row] = [...model.routerPorts].find(([, { name }]) => name === change.name) ?? [];
      const isTaken = [...model.routerPorts.values()].some(({ name }) => name === change.to);
      if (uuid !== undefined && !isTaken) model.routerPorts.set(uuid, { ...row!, name: change.to });
      break;
    }
    case 'hold': {
      const uuid = at(model.switches.keys(), change.at)!;
      const held = model.held.get(uuid) ?? new Set();
      model.held.set(uuid, held);
      if (held.delete(change.ip)) indexes.of(uuid as never).unhold(change.ip);
      else {
        held.add(change.ip);
        indexes.of(uuid as never).hold(change.ip);
      }
    }
  }
}

function check(model: Model, logicalSwitch: string, index: SwitchIndex): void {
  const uuids = (rows: readonly { readonly _uuid: string }[]): string[] => rows.map(({ _uuid }) => _uuid).sort();
  const ports = model.switches.get(logicalSwitch)!;
  for (const uuid of model.ports.keys()) expect(index.has(uuid as never)).to.equal(ports.has(uuid));
  const routers = index.routerAddresses();
  for (const address of [...IPS, ...MACS]) {
    const owners = model.owners(logicalSwitch, address);
    const found = index.owners(address);
    expect(uuids(found), `owners of ${address}`).to.deep.equal(owners);
    const names = model.routersWith(logicalSwitch, address);
    expect(routers.has(address), `is ${address} a router's`).to.equal(names.length > 0);
    if (names.length > 0) expect(names).to.include(routers.get(address));
  }
  const shared = [...IPS, ...MACS].filter((address) => model.owners(logicalSwitch, address).length > 1);
  const seen = [...index.sharedAddresses()];
  expect(seen.map(({ address }) => address).sort()).to.deep.equal(shared.sort());
  for (const each of seen) expect(uuids([...each.ports])).to.deep.equal(model.owners(logicalSwitch, each.address));
  for (const network of NETWORKS) checkSpace(model, logicalSwitch, index, network);
}

function checkSpace(model: Model, logicalSwitch: string, index: SwitchIndex, network: SubnetNetwork): void {
  const { cidr, gateway, excluded } = network;
  const all = Array.from({ length: Number(cidr.last.value - cidr.first.value) + 1 }, (_, i) =>
    ipFromValue(cidr.family, cidr.first.value + BigInt(i)),
  );
  const isUsed = (text: string): boolean =>
    model.owners(logicalSwitch, text).length > 0 || model.held.get(logicalSwitch)?.has(text) === true;
  const isUnavailable = (text: string): boolean => {
    const { value } = parseIp(text);
    return (
      text === cidr.first.text ||
      (cidr.family === 4 && text === cidr.last.text) ||
      text === gateway?.text ||
      excluded.some(({ first, last }) => value >= first.value && value <= last.value) ||
      model.routersWith(logicalSwitch, text).length > 0
    );
  };
  const texts = all.map(({ text }) => text);
  const free = texts.filter((text) => !isUsed(text) && !isUnavailable(text));
  const space = index.space(network);
  expect({
    free: all.filter((each) => space.isFree(each)).map(({ text }) => text),
    used: all.filter((each) => space.has(each)).map(({ text }) => text),
    counts: [space.freeCount, space.usedCount, space.unavailableCount],
    first: space.firstFree()?.text,
  }).to.deep.equal({
    free,
    used: texts.filter(isUsed),
    counts: [free.length, texts.filter(isUsed).length, texts.filter(isUnavailable).length].map(BigInt),
    first: free[0],
  });
  const random = space.randomFree()?.text;
  if (random === undefined) expect(free).to.deep.equal([]);
  else expect(free).to.include(random);
}

describe('the index of a switch', () => {
  it('shows what a look at every row would, after whatever changes', () => {
    const batches = fc.array(
      fc.record({
        isEarly: fc.boolean(),
        isLookedAt: fc.boolean(),
        how: fc.constantFrom('update' as const, 'update' as const, 'update' as const, 'snapshot' as const),
        steps: fc.array(step, { minLength: 1, maxLength: 5 }),
      }),
      { maxLength: 25 },
    );
    fc.assert(
      fc.property(batches, (script) => {
        const northbound = new ReplicatedNorthbound();
        const model = new Model();
        let isEarly = false;
        // Whoever hears of a change before the index does may have it made on the rows as they are already.
        northbound.client.on('batch', () => {
          if (!isEarly) return;
          for (const uuid of model.switches.keys()) {
            for (const network of NETWORKS) indexes.of(uuid as never).space(network);
          }
        });
        const indexes = new SwitchIndexes(northbound.client);
        for (let i = 0; i < 3; i++) model.switches.set(model.uuid(), new Set());
        northbound.become(model.contents());
        for (const { how, steps, ...batch } of script) {
          isEarly = batch.isEarly;
          for (const each of steps) take(model, indexes, each);
          model.collect();
          northbound.become(model.contents(), how);
          if (!batch.isLookedAt) continue;
          for (const uuid of model.switches.keys()) check(model, uuid, indexes.of(uuid as never));
        }
        indexes.close();
      }),
      { numRuns: 150 },
    );
  });

  it('takes a change of a port to the switch that has it, and to no other of a hundred', () => {
    const northbound = new ReplicatedNorthbound();
    const indexes = new SwitchIndexes(northbound.client);
    const model = new Model();
    const port = (ip: string): Port => ({
      elements: [{ mac: MACS[0]!, ips: [ip] }],
      dynamic: undefined,
      type: '',
      virtualIp: ip,
      routerPort: 'lrp0',
      kept: undefined,
      note: 0,
    });
    for (let i = 0; i < 100; i++) {
      const uuid = model.uuid();
      model.ports.set(uuid, port('10.5.0.1'));
      model.switches.set(model.uuid(), new Set([uuid]));
    }
    northbound.become(model.contents());
    const switches = [...model.switches.keys()];
    const told: string[] = [];
    for (const uuid of switches) {
      const index = indexes.of(uuid as never);
      const portChanged = index.portChanged.bind(index);
      index.portChanged = (changed) => {
        told.push(uuid);
        portChanged(changed);
      };
    }
    const [uuid] = [...model.ports.keys()].slice(70);
    model.ports.set(uuid!, port('10.5.0.2'));
    northbound.become(model.contents());
    expect(told).to.deep.equal([switches[70]]);
    expect(indexes.of(switches[70] as never).owners('10.5.0.2')).to.have.lengthOf(1);
    indexes.close();
  });
});
