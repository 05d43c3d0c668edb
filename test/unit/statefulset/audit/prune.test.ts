import { expect } from 'chai';

import { PORT_KEYS, type ManagedPort } from '../../../../lib/statefulset/managed-port.js';
import { pruneCandidates, PruneSightings } from '../../../../lib/statefulset/audit/prune.js';
import { MemoryNorthbound, workload, type KeptOptions } from '../memory-northbound.js';

const VENDOR = 'ovn-northbound';

/** A kept port of `product/web`, or of another StatefulSet. */
function port(ordinal: number, options: KeptOptions = {}, statefulSet = 'product/web'): ManagedPort {
  const memory = new MemoryNorthbound();
  return memory.addKept(
    memory.addSwitch('s'),
    statefulSet,
    ordinal,
    `0a:00:00:00:00:0${ordinal} 10.0.0.${ordinal + 1}`,
    options,
  );
}

function candidates(ports: readonly ManagedPort[], ...desired: Parameters<typeof pruneCandidates>[1]): string[] {
  return pruneCandidates(ports, desired, VENDOR).map(({ row }) => row.name);
}

describe('pruneCandidates', () => {
  it('are the ports of StatefulSets that nobody desires, and of ordinals beyond those desired', () => {
    const ports = [port(0), port(1), port(2), port(0, {}, 'product/db'), port(0, {}, 'other/web')];
    expect(candidates(ports, workload('web', 'product', 2), workload('web', 'other', 1))).to.deep.equal([
      'web-2.product',
      'db-0.product',
    ]);
    expect(candidates(ports)).to.have.length(5);
  });

  it('are ports of ordinals below the first one', () => {
    expect(candidates([port(1), port(3)], workload('web', 'product', 2, 3))).to.deep.equal(['web-1.product']);
  });

  it('never are ports of ordinals within the replicas, whoever used them last and whether their pod is there or not', () => {
    const ports = [port(3, { up: false }), port(4, { ids: { [PORT_KEYS.ownerUid]: 'former' } })];
    expect(candidates(ports, workload('web', 'product', 2, 3, 'present'))).to.deep.equal([]);
    expect(candidates(ports, workload('web', 'product', 2, 2, 'present'))).to.deep.equal(['web-4.product']);
    expect(candidates(ports, workload('web', 'product', 0, 3))).to.have.length(2);
  });

  it('are none that any of several manifests of one StatefulSet needs', () => {
    const ports = [port(0), port(5)];
    expect(candidates(ports, workload('web', 'product', 1), workload('web', 'product', 1, 5))).to.deep.equal([]);
  });

  it('are none that are up, and none of another vendor', () => {
    const ports = [
      port(0, { up: true }),
      port(1, { ids: { vendor: 'kube-ovn' } }),
      port(2, { ids: { vendor: undefined } }),
    ];
    expect(candidates(ports)).to.deep.equal([]);
    expect(candidates([port(3, { up: false })])).to.deep.equal(['web-3.product']);
  });
});

describe('PruneSightings', () => {
  let now: number;
  let sightings: PruneSightings;

  beforeEach(() => {
    now = 1_000_000;
    sightings = new PruneSightings(() => now);
  });

  /** What a look at these ports comes to: the names of those due, and the time that the others wait. */
  function look(ports: readonly ManagedPort[], graceMs = 60_000, note = true): [string[], Record<string, number>] {
    const { due, waiting } = sightings.sight(ports, graceMs, note);
    const remaining = waiting.map((waits) => [waits.port.row.name, waits.remainingMs] as const);
    return [due.map(({ row }) => row.name), Object.fromEntries(remaining)];
  }

  it('take two looks, at least the time of grace apart', () => {
    const ports = [port(0)];
    expect(look(ports)).to.deep.equal([[], { 'web-0.product': 60_000 }]);
    now += 59_999;
    expect(look(ports)).to.deep.equal([[], { 'web-0.product': 1 }]);
    now += 1;
    expect(look(ports)).to.deep.equal([['web-0.product'], {}]);
  });

  it('take two looks even without a time of grace', () => {
    const ports = [port(0)];
    expect(look(ports, 0)).to.deep.equal([[], { 'web-0.product': 0 }]);
    expect(look(ports, 0)).to.deep.equal([['web-0.product'], {}]);
  });

  it('count the time of each look by itself: a longer grace makes a due port wait again', () => {
    const ports = [port(0)];
    look(ports);
    now += 60_000;
    expect(look(ports, 90_000)).to.deep.equal([[], { 'web-0.product': 30_000 }]);
    expect(look(ports, 60_000)).to.deep.equal([['web-0.product'], {}]);
  });

  it('keep a port due until it is gone, in case its deletion fails', () => {
    const ports = [port(0)];
    look(ports);
    now += 60_000;
    look(ports);
    now += 1;
    expect(look(ports)).to.deep.equal([['web-0.product'], {}]);
  });

  it('forget a port that was needed in between', () => {
    const ports = [port(0)];
    look(ports);
    now += 60_000;
    look([]);
    expect(look(ports)).to.deep.equal([[], { 'web-0.product': 60_000 }]);
  });

  it('begin anew when another incarnation, or another pod, has used the port since', () => {
    const before = port(0, { ids: { [PORT_KEYS.ownerUid]: 'a', [PORT_KEYS.podUid]: 'p' } });
    for (const change of [{ ownerUid: 'b' }, { podUid: 'q' }, { ownerUid: undefined }]) {
      look([before]);
      now += 60_000;
      expect(look([{ ...before, ...change }])[0], JSON.stringify(change)).to.deep.equal([]);
      look([]);
    }
  });

  it('tell rows of the same name apart', () => {
    const before = port(0);
    look([before]);
    now += 60_000;
    const uuid = '00000000-0000-4000-8000-00000000ffff' as ManagedPort['row']['_uuid'];
    expect(look([{ ...before, row: { ...before.row, _uuid: uuid } }])[0]).to.deep.equal([]);
  });

  it('without noting change nothing: they say what a look would come to now', () => {
    const ports = [port(0)];
    expect(look(ports, 60_000, false)).to.deep.equal([[], { 'web-0.product': 60_000 }]);
    now += 60_000;
    expect(look(ports)).to.deep.equal([[], { 'web-0.product': 60_000 }]);
    now += 60_000;
    look([], 60_000, false);
    expect(look(ports, 60_000, false)).to.deep.equal([['web-0.product'], {}]);
    expect(look(ports)).to.deep.equal([['web-0.product'], {}]);
  });
});
