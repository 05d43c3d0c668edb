import { expect } from 'chai';

import { readManifest } from '../../../../lib/bin/ports/manifest.js';
import { ManifestWishes } from '../../../../lib/bin/watch/manifest-wishes.js';
import { WatchModel } from '../../../../lib/bin/watch/model.js';
import { portFacts } from '../../../../lib/bin/watch/watched-port.js';
import { keptRow, switchRow, updated } from './rows.js';

function wishesFor(manifest: object, indexing?: 'relative' | 'absolute'): ManifestWishes {
  const { sets } = readManifest([{ file: 'web.json', text: JSON.stringify(manifest) }]);
  return new ManifestWishes(sets, indexing);
}

function web(pool: string | undefined, more: object = {}): object {
  const annotations = pool === undefined ? {} : { 'ovn.kubernetes.io/ip_pool': pool };
  return {
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'product' },
    spec: { replicas: 3, template: { metadata: { annotations } }, ...more },
  };
}

describe('the wishes of manifests', () => {
  it('are the entries of the pool, by ordinal', () => {
    const wishes = wishesFor(web('10.16.0.21,10.16.0.22'));
    expect([0, 1, 2].map((ordinal) => wishes.wantedIps('product/web', ordinal))).to.deep.equal([
      ['10.16.0.21'],
      ['10.16.0.22'],
      [],
    ]);
    expect(wishes.wantedIps('product/other', 0)).to.equal(undefined);
    expect(wishesFor(web(undefined)).wantedIps('product/web', 0)).to.equal(undefined);
    const later = web('10.16.0.21;10.16.0.22,fd00::22', { ordinals: { start: 5 } });
    expect(wishesFor(later).wantedIps('product/web', 6)).to.deep.equal(['10.16.0.22', 'fd00::22']);
    expect(wishesFor(later, 'absolute').wantedIps('product/web', 1)).to.deep.equal(['10.16.0.22', 'fd00::22']);
  });

  it('are what a pod asks for itself before that', () => {
    const pod = {
      kind: 'Pod',
      metadata: {
        name: 'web-1',
        namespace: 'product',
        ownerReferences: [{ kind: 'StatefulSet', name: 'web', controller: true }],
        annotations: { 'ovn.kubernetes.io/ip_address': '10.16.0.99, FD00:0::1' },
      },
    };
    const wishes = wishesFor({ kind: 'List', items: [web('10.16.0.21,10.16.0.22'), pod] });
    expect(wishes.wantedIps('product/web', 1)).to.deep.equal(['10.16.0.99', 'fd00::1']);
  });

  it('say which ports drift, and which are beyond the replicas', () => {
    const wishes = wishesFor(web('10.16.0.21,10.16.0.32'));
    const facts = [0, 1, 2, 3].map((ordinal) => portFacts(keptRow(ordinal), wishes));
    expect(facts.map(({ drift, isBeyond }) => [drift, isBeyond])).to.deep.equal([
      [undefined, false],
      ['the pool says 10.16.0.32', false],
      ['the pool says nothing for this pod', false],
      [undefined, true],
    ]);
  });

  it('are counted in the model, and told when they are met or no longer', () => {
    const model = new WatchModel(undefined, wishesFor(web('10.16.0.21')));
    const row = keptRow(0);
    model.load([switchRow('product', [row])], [row]);
    expect(model.counts.drifting).to.equal(0);
    const { external_ids: ids } = row;
    const moved = {
      ...row,
      addresses: ['0a:00:00:00:00:10 10.16.0.55'],
      external_ids: { ...ids, 'ovn-northbound/ip4': '10.16.0.55' },
    };
    expect(model.apply([updated(row, moved)])[0]?.text).to.equal(
      'addresses 10.16.0.21 -> 10.16.0.55, drifts: the pool says 10.16.0.21',
    );
    expect(model.counts.drifting).to.equal(1);
  });

  it('leave out a pool that cannot be read, and say so', () => {
    const wishes = wishesFor(web('10.16.0.300'));
    expect(wishes.wantedIps('product/web', 0)).to.equal(undefined);
    expect(wishes.complaints).to.have.lengthOf(1);
    expect(wishes.complaints[0]).to.match(/ip_pool of product\/web/);
  });
});
