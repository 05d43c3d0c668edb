import { expect } from 'chai';

import { NorthboundError } from '../../../../lib/nb/northbound-error.js';
import { auditPorts } from '../../../../lib/statefulset/audit/audit.js';
import type { AuditFinding } from '../../../../lib/statefulset/audit/audit-finding.js';
import { PORT_KEYS } from '../../../../lib/statefulset/managed-port.js';
import type { NamespaceSubnets } from '../../../../lib/statefulset/switches/site.js';
import { MemoryNorthbound } from '../memory-northbound.js';

const SET = 'product/web';
const mac = (n: number): string => `0a:00:00:00:00:${n.toString(16).padStart(2, '0')}`;

function withoutMessage(finding: AuditFinding): Omit<AuditFinding, 'message'> {
  return Object.fromEntries(Object.entries(finding).filter(([key]) => key !== 'message')) as AuditFinding;
}

describe('auditPorts', () => {
  let memory: MemoryNorthbound;
  let home: string;
  let subnets: NamespaceSubnets;

  beforeEach(() => {
    memory = new MemoryNorthbound();
    home = memory.addSwitch('home');
    subnets = { product: { logicalSwitch: 'home', cidr: '10.0.0.0/24', gateway: '10.0.0.1' } };
  });

  function audit(logicalSwitches?: readonly string[]): AuditFinding[] {
    return auditPorts(memory.client, memory.indexes, { subnets, logicalSwitches });
  }

  /** The only finding, without its message; the message must say each of these. */
  function only(...said: string[]): Omit<AuditFinding, 'message'> {
    const findings = audit();
    expect(findings.map(({ kind }) => kind)).to.have.length(1);
    for (const words of said) expect(findings[0]!.message).to.include(words);
    return withoutMessage(findings[0]!);
  }

  it('finds nothing where all is well: kept ports, ports of other kinds, and exclusions that were chosen', () => {
    subnets = { product: { logicalSwitch: 'home', cidr: '10.0.0.0/24,fd00::/64', exclude: '10.0.0.9' } };
    memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2 fd00::2`, { up: true });
    memory.addKept(home, SET, 1, `${mac(2)} 10.0.0.9`);
    memory.addPort(home, 'vm1', { addresses: [`${mac(3)} 10.0.0.4`] });
    memory.addPort(home, 'deployment-7d9f8b6c5-x2x4z.product', { addresses: [`${mac(4)} 10.0.0.5`] });
    memory.addPort(home, 'localnet-1.product', { type: 'localnet', addresses: ['unknown'] });
    memory.addRouterPort(home, 'lrp', mac(5), ['10.0.0.1/24']);
    expect(audit()).to.deep.equal([]);
  });

  describe('shared-address', () => {
    it('is an IP or MAC address of several ports, with the StatefulSets that they are kept for', () => {
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`);
      memory.addPort(home, 'a', { addresses: [`${mac(2)} 10.0.0.2`] });
      memory.addPort(home, 'b', { addresses: [`${mac(2)} 10.0.0.3`] });
      const findings = audit();
      expect(findings.map(withoutMessage)).to.deep.equal([
        {
          kind: 'shared-address',
          logicalSwitch: 'home',
          address: '10.0.0.2',
          ports: [
            { name: 'a', statefulSet: undefined },
            { name: 'web-0.product', statefulSet: SET },
          ],
        },
        {
          kind: 'shared-address',
          logicalSwitch: 'home',
          address: mac(2),
          ports: [
            { name: 'a', statefulSet: undefined },
            { name: 'b', statefulSet: undefined },
          ],
        },
      ]);
      expect(findings[0]!.message).to.equal(
        '10.0.0.2 belongs to several ports of switch "home": a and web-0.product (kept for product/web); ' +
          'delete all but one of them, or give them other addresses',
      );
    });

    it('names a few of many ports in its message, and all in its list', () => {
      for (let n = 0; n < 30; n++) memory.addPort(home, `p${n}`, { addresses: [`${mac(n)} 10.0.0.2`] });
      expect(only('p9 and 20 more;')).to.have.property('ports').with.length(30);
    });
  });

  describe('changed-addresses', () => {
    it('is a kept port whose addresses are not the ones noted', () => {
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`, { addresses: [`${mac(1)} 10.0.0.7`] });
      expect(only(`was given "${mac(1)} 10.0.0.2"`, `"${mac(1)} 10.0.0.7"`, 'put those back')).to.deep.equal({
        kind: 'changed-addresses',
        logicalSwitch: 'home',
        port: 'web-0.product',
        statefulSet: SET,
        noted: `${mac(1)} 10.0.0.2`,
        have: [`${mac(1)} 10.0.0.7`],
      });
    });

    for (const [what, addresses] of Object.entries({
      'was emptied': [],
      'was made dynamic': ['dynamic'],
      'got a second element': [`${mac(1)} 10.0.0.2 fd00::2`, 'unknown'],
      'lost its IPv6 address': [`${mac(1)} 10.0.0.2`],
      'got another MAC address': [`${mac(2)} 10.0.0.2 fd00::2`],
    })) {
      it(`is a kept port that ${what}`, () => {
        subnets = { product: { logicalSwitch: 'home', cidr: '10.0.0.0/24,fd00::/64' } };
        memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2 fd00::2`, { addresses });
        expect(only()).to.deep.include({ kind: 'changed-addresses', have: addresses });
      });
    }

    it('is not one that has the same addresses in another spelling', () => {
      subnets = { product: { logicalSwitch: 'home', cidr: 'fd00::/64' } };
      memory.addKept(home, SET, 0, '0A:00:00:00:00:01 FD00:0::2', { addresses: ['0a:00:00:00:00:01  fd00::2/64'] });
      expect(audit()).to.deep.equal([]);
    });
  });

  describe('unreadable-port', () => {
    const cases: [key: keyof typeof PORT_KEYS, value: string | undefined, reason: RegExp][] = [
      ['statefulSet', undefined, /^is missing$/],
      ['statefulSet', 'web', /^is not namespace\/name/],
      ['ordinal', undefined, /^is missing$/],
      ['ordinal', '', /^is not an ordinal/],
      ['ordinal', '01', /^is not an ordinal/],
      ['ordinal', '2147483648', /^is not an ordinal/],
      ['pod', undefined, /^is missing$/],
      ['pod', 'product/web-1', /^is not product\/web-0/],
      ['mac', undefined, /^is missing$/],
      ['mac', '0a:00', /^is not a MAC address$/],
      ['ip4', undefined, /^is missing, and so is/],
      ['ip4', '10.0.0', /^is not an IPv4 address$/],
      ['ip6', '10.0.0.2', /^is not an IPv6 address$/],
      ['version', '2', /^is not 1/],
    ];
    for (const [name, value, reason] of cases) {
      it(`is a port with our keys whose key ${name} is ${value === undefined ? 'missing' : `"${value}"`}`, () => {
        const key = PORT_KEYS[name];
        memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`, { ids: { [key]: value } });
        const finding = only('web-0.product', key) as Extract<AuditFinding, { kind: 'unreadable-port' }>;
        expect(finding).to.deep.include({ kind: 'unreadable-port', logicalSwitch: 'home', port: 'web-0.product' });
        expect(finding.keys.map((fault) => [fault.key, fault.value])).to.deep.equal([[key, value]]);
        expect(finding.keys[0]!.reason).to.match(reason);
      });
    }

    it('lists all keys at fault, and is said once for the port', () => {
      const ids = { [PORT_KEYS.mac]: undefined, [PORT_KEYS.ordinal]: 'x' };
      memory.addKept(home, SET, 0, `${mac(1)} 10.9.0.2`, { name: 'odd', addresses: [], ids });
      expect(only('is missing', '"x" is not an ordinal')).to.have.property('keys').with.length(2);
    });
  });

  describe('wrong-name', () => {
    it('is a kept port that is not named after its pod', () => {
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`, { name: 'product_web-0' });
      expect(only('rename it')).to.deep.equal({
        kind: 'wrong-name',
        logicalSwitch: 'home',
        port: 'product_web-0',
        statefulSet: SET,
        pod: 'product/web-0',
        expected: 'web-0.product',
        duplicates: [],
      });
    });

    it('names the other ports of the pod, on this switch and on others', () => {
      memory.addKept(memory.addSwitch('other'), SET, 0, `${mac(1)} 10.0.0.2`);
      memory.addKept(home, SET, 0, `${mac(2)} 10.0.0.3`, { name: 'b' });
      memory.addKept(home, SET, 0, `${mac(3)} 10.0.0.4`, { name: 'a' });
      const findings = audit(['home']) as Extract<AuditFinding, { kind: 'wrong-name' }>[];
      expect(findings.map(({ port, duplicates }) => [port, duplicates])).to.deep.equal([
        ['a', ['b', 'web-0.product']],
        ['b', ['a', 'web-0.product']],
      ]);
      expect(findings[0]!.message).to.include('b and web-0.product are kept for that pod as well: delete those');
    });

    it('does not take a foreign port of the pod for a duplicate', () => {
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`, { name: 'odd' });
      memory.addPort(home, 'web-0.product');
      const [finding] = audit();
      expect(finding).to.deep.include({ kind: 'wrong-name', duplicates: [] });
    });
  });

  describe('wrong-switch', () => {
    it('is a kept port on another switch than its namespace is on; its addresses are not judged', () => {
      memory.addKept(memory.addSwitch('former'), SET, 0, `${mac(1)} 192.168.0.2`);
      expect(only('on switch "former"', 'on "home"', 'the next apply moves it')).to.deep.equal({
        kind: 'wrong-switch',
        logicalSwitch: 'former',
        port: 'web-0.product',
        statefulSet: SET,
        expected: 'home',
      });
    });

    it('is one whose namespace is given a switch that does not exist', () => {
      subnets = { product: { logicalSwitch: 'nowhere', cidr: '10.0.0.0/24' } };
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`);
      expect(only('which does not exist')).to.deep.include({ kind: 'wrong-switch', expected: 'nowhere' });
    });

    it('is not said where nothing is known of the namespace, or its CIDR makes no sense', () => {
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`);
      for (const given of [
        {},
        { product: { logicalSwitch: 'home' } },
        { product: { logicalSwitch: 'home', cidr: 'x' } },
      ]) {
        subnets = given;
        expect(audit()).to.deep.equal([]);
      }
    });

    it('lets "subnets" name switches by uuid', () => {
      subnets = (namespace) => (namespace === 'product' ? { logicalSwitch: home, cidr: '10.0.0.0/24' } : undefined);
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`);
      expect(audit()).to.deep.equal([]);
    });
  });

  describe('outside-subnet', () => {
    it('is a kept port with addresses that no pod of its namespace may have, and why', () => {
      subnets = { product: { logicalSwitch: 'home', cidr: '10.0.0.0/24,fd00::/64', gateway: '10.0.0.1' } };
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.1.2 fd00::2`);
      memory.addKept(home, SET, 1, `${mac(2)} 10.0.0.1 fd00::`);
      memory.addKept(home, SET, 2, `${mac(3)} 10.0.0.255`);
      memory.addKept(home, SET, 3, `${mac(4)} 10.0.0.0`);
      const findings = audit() as Extract<AuditFinding, { kind: 'outside-subnet' }>[];
      expect(
        findings.map(({ kind, port, addresses }) => [
          kind,
          port,
          ...addresses.map(({ ip, reason }) => `${ip} ${reason}`),
        ]),
      ).to.deep.equal([
        ['outside-subnet', 'web-0.product', '10.0.1.2 is not in 10.0.0.0/24 or fd00::/64'],
        [
          'outside-subnet',
          'web-1.product',
          '10.0.0.1 is the gateway of 10.0.0.0/24',
          'fd00:: is the Subnet-Router anycast address of fd00::/64',
        ],
        ['outside-subnet', 'web-2.product', '10.0.0.255 is the broadcast address of 10.0.0.0/24'],
        ['outside-subnet', 'web-3.product', '10.0.0.0 is the network address of 10.0.0.0/24'],
      ]);
      expect(findings[0]!.message).to.equal(
        'port web-0.product on switch "home", kept for product/web, has an address that its pod cannot use: ' +
          '10.0.1.2 is not in 10.0.0.0/24 or fd00::/64; give it another one (readdress), or correct "subnets"',
      );
    });

    it('is one with the address of a router port, and one of a family that the subnet has not', () => {
      memory.addRouterPort(home, 'lrp', mac(9), ['10.0.0.200/24']);
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.200`);
      memory.addKept(home, SET, 1, `${mac(2)} fd00::2`);
      const findings = audit() as Extract<AuditFinding, { kind: 'outside-subnet' }>[];
      expect(findings.map(({ addresses }) => addresses)).to.deep.equal([
        [{ ip: '10.0.0.200', reason: 'is the address of router port lrp' }],
        [{ ip: 'fd00::2', reason: 'is not in 10.0.0.0/24' }],
      ]);
    });

    it('goes by the subnet of the switch where "subnets" gives none', () => {
      const own = memory.addSwitch('own', { subnet: '10.5.0.0/24' });
      subnets = { product: { logicalSwitch: 'own' } };
      memory.addKept(own, SET, 0, `${mac(1)} 10.5.0.1`);
      memory.addKept(own, SET, 1, `${mac(2)} 10.5.0.2`);
      expect(only('10.5.0.1 is the gateway of 10.5.0.0/24')).to.have.property('port', 'web-0.product');
    });
  });

  describe('foreign-port', () => {
    it('is a port that another system made for the pod of a StatefulSet, with what it has', () => {
      const addresses = [`${mac(1)} 10.0.0.2`];
      memory.addPort(home, 'web-0.product', { addresses, external_ids: { vendor: 'kube-ovn', pod: 'product/web-0' } });
      expect(only('"kube-ovn" made it', 'pod product/web-0', 'adopt can take it over')).to.deep.equal({
        kind: 'foreign-port',
        logicalSwitch: 'home',
        port: 'web-0.product',
        naming: 'pod.namespace',
        statefulSet: SET,
        ordinal: 0,
        pod: 'product/web-0',
        vendor: 'kube-ovn',
        addresses,
      });
    });

    it('is told by the names of Kube-OVN and OVN-Kubernetes, and by the key pod', () => {
      memory.addPort(home, 'my.app-12.product');
      memory.addPort(home, 'product_db-3', { external_ids: { pod: 'true', namespace: 'product' } });
      memory.addPort(home, 'web-1.product.net1.default.ovn', { external_ids: { pod: 'product/web-1' } });
      const findings = audit() as Extract<AuditFinding, { kind: 'foreign-port' }>[];
      expect(findings.map(({ naming, statefulSet, ordinal }) => [naming, statefulSet, ordinal])).to.deep.equal([
        ['pod.namespace', 'product/my.app', 12],
        ['namespace_pod', 'product/db', 3],
        ['external_ids', 'product/web', 1],
      ]);
      expect(findings[1]!.message).to.include("existingName 'namespace_pod'").and.to.include('somebody else made it');
    });

    it('says so when its pod has a port of the right name as well', () => {
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`);
      memory.addPort(home, 'product_web-0', { addresses: [`${mac(2)} 10.0.0.3`] });
      only('that pod has port web-0.product as well: delete the one that it does not use');
    });

    for (const name of [
      'web.product',
      'web-01.product',
      'web-0',
      '-0.product',
      'web-2147483648.product',
      '_web-0',
      'web-0.',
    ]) {
      it(`is not a port named "${name}"`, () => {
        memory.addPort(home, name, { external_ids: { pod: 'product/web-0/eth1' } });
        expect(audit()).to.deep.equal([]);
      });
    }
  });

  describe('ambiguous-switch', () => {
    beforeEach(() => memory.addSwitch('home'));

    it('is a name of several switches that "subnets" gives, said once with their uuids and the namespaces', () => {
      subnets = {
        product: { logicalSwitch: 'home', cidr: '10.0.0.0/24' },
        another: { logicalSwitch: 'home', cidr: '10.0.0.0/24' },
        fine: { logicalSwitch: home, cidr: '10.0.0.0/24' },
      };
      const finding = only('2 switches are named "home"', 'namespaces another and product get no ports');
      expect(finding).to.deep.include({
        kind: 'ambiguous-switch',
        logicalSwitch: 'home',
        namespaces: ['another', 'product'],
      });
      expect(finding).to.have.property('uuids').with.length(2).and.to.include(home);
      expect(audit([home])).to.have.length(1);
    });

    it('is not a name that "subnets" does not give', () => {
      subnets = { product: { logicalSwitch: home, cidr: '10.0.0.0/24' } };
      expect(audit()).to.deep.equal([]);
    });

    it('is found with a function as well, for namespaces that have ports; those are on no wrong switch', () => {
      subnets = () => ({ logicalSwitch: 'home', cidr: '10.0.0.0/24' });
      expect(audit()).to.deep.equal([]);
      memory = new MemoryNorthbound();
      home = memory.addSwitch('home');
      memory.addSwitch('home');
      memory.addKept(home, SET, 0, `${mac(1)} 10.0.0.2`);
      memory.addKept(memory.addSwitch('third'), SET, 1, `${mac(2)} 10.0.0.3`);
      expect(audit().map(({ kind, logicalSwitch }) => [kind, logicalSwitch])).to.deep.equal([
        ['ambiguous-switch', 'home'],
        ['wrong-switch', 'third'],
      ]);
    });
  });

  it('goes through the switches by name, through the kinds by weight, and through the ports by name and number', () => {
    const second = memory.addSwitch('home10');
    const first = memory.addSwitch('home9');
    memory.addPort(first, 'web-10.product');
    memory.addPort(first, 'web-9.product');
    memory.addKept(first, 'unknown/x', 1, `${mac(1)} 10.0.0.2`, { addresses: [] });
    memory.addPort(first, 'other', { addresses: [`${mac(1)} 10.0.0.2`] });
    memory.addPort(second, 'web-1.product');
    const told = audit().map((finding) => [finding.logicalSwitch, finding.kind, 'port' in finding ? finding.port : '']);
    expect(told).to.deep.equal([
      ['home9', 'shared-address', ''],
      ['home9', 'shared-address', ''],
      ['home9', 'changed-addresses', 'x-1.unknown'],
      ['home9', 'foreign-port', 'web-9.product'],
      ['home9', 'foreign-port', 'web-10.product'],
      ['home10', 'foreign-port', 'web-1.product'],
    ]);
  });

  it('looks only at the switches named, by name or uuid, and refuses one that does not exist', () => {
    const other = memory.addSwitch('other');
    memory.addPort(home, 'web-0.product');
    memory.addPort(other, 'web-1.product');
    expect(audit(['home'])).to.have.length(1);
    expect(audit([other, 'other'])).to.have.length(1);
    expect(audit([])).to.deep.equal([]);
    expect(() => audit(['home', 'nowhere']))
      .to.throw(NorthboundError, 'there is no logical switch "nowhere"')
      .with.property('code', 'SwitchNotFound');
  });

  it('of 20,000 ports takes a moment, also when all of them are worth telling', () => {
    for (let n = 0; n < 10_000; n++) {
      memory.addPort(home, `db-${n}.product`, { addresses: ['unknown'] });
      memory.addKept(home, SET, n, `${mac(n & 255)} 10.1.${n >> 8}.${n & 255}`, { name: `odd${n}`, addresses: [] });
    }
    const begin = performance.now();
    // Of the kept ports: shared MAC addresses, the name, the subnet and the emptied addresses.
    expect(audit()).to.have.length(256 + 10_000 + 3 * 10_000);
    // A quadratic way would take minutes.
    expect(performance.now() - begin).to.be.lessThan(5_000);
  });
});
