import { expect } from 'chai';

import type { RowChange } from '../../../../lib/replica/replica.js';
import { WatchModel, type WatchedSwitchRow } from '../../../../lib/bin/watch/model.js';
import { Outline, type OutlineLine } from '../../../../lib/bin/watch/outline.js';
import type { WatchedPortRow } from '../../../../lib/bin/watch/watched-port.js';
import { Random } from '../../../random.js';
import { deleted, inserted, keptRow, plainRow, switchRow, updated } from './rows.js';

function describeLine(line: OutlineLine): string {
  if (line.kind === 'port') return `    ${line.port.facts.name} ${line.port.facts.state}${line.port.facts.drift === undefined ? '' : ' drift'}`; // prettier-ignore
  const { counts } = line.kind === 'switch' ? line.logicalSwitch : line.group;
  const name = line.kind === 'switch' ? line.logicalSwitch.name : `  ${line.group.statefulSet ?? 'others'}`;
  return `${name} ${JSON.stringify(Object.values(counts))}`;
}

/** All lines, and everything that is counted. */
function contents(model: WatchModel, isFiltered = false): readonly string[] {
  const outline = new Outline(model, new Set(), isFiltered);
  const lines = Array.from({ length: outline.length }, (_, i) => outline.at(i)!);
  for (const [place, line] of lines.entries()) expect(outline.placeOf(line)).to.equal(place);
  return [...lines.map(describeLine), JSON.stringify([Object.values(model.counts), model.statefulSets, model.shownPorts])]; // prettier-ignore
}

function loaded(
  switches: readonly WatchedSwitchRow[],
  ports: readonly WatchedPortRow[],
  wanted?: string[],
): WatchModel {
  const model = new WatchModel(wanted);
  model.load(switches, ports);
  return model;
}

describe('the model of the live view', () => {
  it('puts ports under their switch and StatefulSet, by ordinal, and others by name', () => {
    const ports = [keptRow(10), keptRow(2, { up: false }), plainRow('vm10'), plainRow('vm2', { up: true })];
    expect(contents(loaded([switchRow('product', ports)], ports))).to.deep.equal([
      'product [4,2,1,1,0,0]',
      '  product/web [2,1,0,1,0,0]',
      '    web-2.product retained',
      '    web-10.product up',
      '  others [2,1,1,0,0,0]',
      '    vm2 up',
      '    vm10 down',
      '[[4,2,1,1,0,0],1,4]',
    ]);
  });

  it('tells ports whose addresses are not those that they were given', () => {
    const edited = keptRow(0, { addresses: ['0a:00:00:00:00:10 10.16.0.99'] });
    const emptied = keptRow(1, { addresses: [] });
    const shouted = keptRow(2, { addresses: ['0A:00:00:00:00:12 10.16.0.23'] });
    const ports = [edited, emptied, shouted];
    expect(contents(loaded([switchRow('product', ports)], ports)).slice(2, 5)).to.deep.equal([
      '    web-0.product up drift',
      '    web-1.product up drift',
      '    web-2.product up',
    ]);
  });

  it('says in words what changed', () => {
    const [a, b, c] = [keptRow(0), keptRow(1), plainRow('vm1', { addresses: ['0a:00:00:00:00:01 10.16.0.5'] })];
    const before = switchRow('product', [a, b]);
    const model = loaded([before], [a, b]);
    const tell = (...changes: RowChange[]): string[] =>
      model.apply(changes).map(({ logicalSwitch, subject = '-', text }) => `${logicalSwitch} ${subject}: ${text}`);
    expect(tell(updated(a, { ...a, up: false }))).to.deep.equal(['product web-0.product: down: retained for its pod']);
    expect(tell(updated({ ...a, up: false }, a))).to.deep.equal(['product web-0.product: up']);
    const drifting = { ...b, addresses: ['0a:00:00:00:00:11 10.16.0.99'] };
    expect(tell(updated(b, drifting))).to.deep.equal([
      'product web-1.product: addresses 10.16.0.22 -> 10.16.0.99, drifts: was given 0a:00:00:00:00:11 10.16.0.22',
    ]);
    expect(tell(updated(drifting, b))[0]).to.match(/addresses 10.16.0.99 -> 10.16.0.22, drifts no more$/);
    const after = switchRow('product', [b, c]);
    expect(tell(inserted(c), updated(before, after), deleted(a))).to.deep.equal([
      'product vm1: created, has 10.16.0.5',
      'product web-0.product: deleted, had 10.16.0.21',
    ]);
    expect(tell(updated(c, { ...c, enabled: false }))).to.deep.equal(['product vm1: disabled']);
    expect(tell(updated(after, { ...after, name: 'shop' }))).to.deep.equal(['product -: switch renamed to shop']);
    expect(tell(deleted({ ...after, name: 'shop' }), deleted(b), deleted(c)).at(-1)).to.equal('shop -: switch deleted');
  });

  it('tells a port that goes to another switch, in whatever order the rows come', () => {
    for (const isReversed of [false, true]) {
      const port = keptRow(0);
      const [from, to] = [switchRow('a', [port]), switchRow('b', [])];
      const model = loaded([from, to], [port]);
      const changes = [updated(from, switchRow('a', [])), updated(to, switchRow('b', [port]))];
      if (isReversed) changes.reverse();
      expect(model.apply(changes)).to.deep.equal([
        { logicalSwitch: 'b', subject: 'web-0.product', text: 'moved here from a' },
      ]);
      expect(contents(model).slice(0, 3)).to.deep.equal(['a [0,0,0,0,0,0]', 'b [1,1,0,0,0,0]', '  product/web [1,1,0,0,0,0]']); // prettier-ignore
    }
  });

  it('watches only the switches that it is to, by name or uuid, also when they come later', () => {
    const [a, b] = [plainRow('p1'), plainRow('p2')];
    const model = loaded([switchRow('one', [a]), switchRow('two', [b])], [a, b], ['two', 'uuid of three']);
    expect(contents(model)[0]).to.equal('two [1,0,1,0,0,0]');
    expect(model.missing).to.deep.equal(['uuid of three']);
    expect(model.apply([updated(a, { ...a, up: true })])).to.deep.equal([]);
    model.apply([inserted(switchRow('three', []))]);
    expect(model.missing).to.deep.equal([]);
    model.apply([updated(switchRow('two', [b]), switchRow('other', [b], 'uuid of two'))]);
    expect(contents(model)).to.deep.equal(['three [0,0,0,0,0,0]', '[[0,0,0,0,0,0],0,0]']);
  });

  it('shows what a filter lets through, and keeps to it while ports change', () => {
    const ports = [keptRow(0), keptRow(1, { up: false }), plainRow('vm1', { up: true })];
    const model = loaded([switchRow('product', ports), switchRow('empty', [])], ports);
    model.setFilter(({ facts }) => facts.state === 'up');
    const names = (): string[] => contents(model, true).flatMap((line) => /^ {4}(\S+)/.exec(line)?.[1] ?? []);
    expect(names()).to.deep.equal(['web-0.product', 'vm1']);
    expect(contents(model, true)).to.not.include('empty [0,0,0,0,0,0]');
    model.apply([updated(ports[1]!, { ...ports[1]!, up: true }), updated(ports[2]!, { ...ports[2]!, up: false })]);
    expect(names()).to.deep.equal(['web-0.product', 'web-1.product']);
    model.setFilter(undefined);
    expect(names()).to.deep.equal(['web-0.product', 'web-1.product', 'vm1']);
  });

  it('tells the last of many events, no more than asked for', () => {
    const ports = Array.from({ length: 100 }, (_, i) => plainRow(`p${i}`));
    const model = loaded([switchRow('product', [])], []);
    const events = model.apply([updated(switchRow('product', []), switchRow('product', ports)), ...ports.map(inserted)], 3); // prettier-ignore
    expect(events.map(({ subject }) => subject)).to.deep.equal(['p97', 'p98', 'p99']);
  });

  it('is after any changes what it would be if it were made of the rows', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed);
      const ports = new Map<string, WatchedPortRow>();
      const switches = new Map(['a', 'b', 'c'].map((name) => [name, switchRow(name, [])]));
      const model = loaded([...switches.values()], []);
      model.setFilter(({ facts }) => facts.state !== 'up');
      for (let step = 0; step < 30; step++) {
        const [oldPorts, oldSwitches] = [new Map(ports), new Map(switches)];
        const places = new Map([...switches.values()].flatMap(({ name, ports: uuids }) => uuids.map((uuid) => [uuid, name]))); // prettier-ignore
        for (let i = random.integer(0, 40); i > 0; i--) {
          const n = random.integer(0, 30);
          const row = random.integer(0, 1) === 0 ? keptRow(n, {}, random.integer(0, 1) === 0 ? 'web' : 'dbs') : plainRow(`vm${n}`); // prettier-ignore
          const present = ports.get(row._uuid);
          if (present !== undefined && random.integer(0, 2) === 0) {
            ports.delete(row._uuid);
            places.delete(row._uuid);
            continue;
          }
          const drift = random.integer(0, 3) === 0 ? { addresses: [] } : {};
          const name = random.integer(0, 4) === 0 ? { name: `${row.name}-${random.integer(0, 3)}` } : {};
          const plain = random.integer(0, 4) === 0 ? { external_ids: {} } : {};
          ports.set(row._uuid, { ...row, up: random.integer(0, 1) === 0, ...drift, ...name, ...plain });
          places.set(row._uuid, ['a', 'b', 'c'][random.integer(0, 2)]!);
        }
        for (const [name, row] of switches) {
          const uuids = [...places].filter(([, place]) => place === name).map(([uuid]) => uuid);
          if (uuids.join() !== row.ports.join()) switches.set(name, { ...row, ports: uuids });
        }
        const changes: RowChange[] = [];
        for (const [olds, news] of [
          [oldPorts, ports],
          [oldSwitches, switches],
        ] as [Map<string, WatchedPortRow>, Map<string, WatchedPortRow>][]) {
          // prettier-ignore
          for (const [key, old] of olds) if (!news.has(key)) changes.push(deleted(old));
          for (const [key, row] of news) {
            const old = olds.get(key);
            if (old === undefined) changes.push(inserted(row));
            else if (old !== row) changes.push(updated(old, row));
          }
        }
        model.apply(random.integer(0, 1) === 0 ? changes : changes.reverse());
        // Now and then, so that several steps are put in order at once.
        if (random.integer(0, 2) > 0) continue;
        const fresh = loaded([...switches.values()], [...ports.values()]);
        fresh.setFilter(({ facts }) => facts.state !== 'up');
        expect(contents(model, true), `seed ${seed}`).to.deep.equal(contents(fresh, true));
      }
    }
  });
});
