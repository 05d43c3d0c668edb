import { expect } from 'chai';

import { FlightWrites, type FormerPlace } from '../../../../lib/statefulset/switches/flight-writes.js';

const MAC = '0a:00:00:00:00:01';
const FORMER: FormerPlace = { addresses: { ip4: '10.0.0.1', ip6: undefined, mac: MAC }, from: undefined };

describe('FlightWrites', () => {
  let writes: FlightWrites;

  beforeEach(() => {
    writes = new FlightWrites();
    writes.begin();
    writes.noteCreated('web-0', MAC);
    writes.noteChanged('web-1', 'b', FORMER);
  });

  it('forgets what a run wrote that failed for certain', () => {
    writes.begin();
    writes.keep();
    expect(writes.hasCreated('web-0', MAC, 'a')).to.equal(false);
    expect(writes.former('web-1', 'b')).to.equal(undefined);
  });

  it('takes a port with the MAC address of a run whose outcome is unknown for the one that this created', () => {
    writes.keep();
    writes.begin();
    expect(writes.hasCreated('web-0', MAC, 'a')).to.equal(true);
    expect(writes.hasCreated('web-0', '0a:00:00:00:00:02', 'a')).to.equal(false);
    expect(writes.former('web-1', 'b')).to.deep.include(FORMER);
  });

  it('knows the port that a run created which succeeded from one that somebody else made later with the same MAC address', () => {
    writes.keep(() => 'a');
    expect(writes.hasCreated('web-0', MAC, 'a')).to.equal(true);
    expect(writes.hasCreated('web-0', MAC, 'b')).to.equal(false);
  });

  it('goes by the last of the runs that were kept, port by port', () => {
    writes.noteAdopted('c');
    writes.keep(() => 'a');
    writes.begin();
    writes.noteCreated('web-0', '0a:00:00:00:00:02');
    writes.noteAdopted('d');
    expect(writes.hasCreated('web-0', MAC, 'a')).to.equal(true);
    writes.keep();
    expect(writes.hasCreated('web-0', MAC, 'a')).to.equal(false);
    expect(writes.hasCreated('web-0', '0a:00:00:00:00:02', 'b')).to.equal(true);
    expect(writes.former('web-1', 'b')).to.deep.include(FORMER);
    expect(writes.hasAdopted('c') && writes.hasAdopted('d')).to.equal(true);
    expect(writes.kept).to.deep.equal({ created: new Map([['web-0', '0a:00:00:00:00:02']]), changed: ['web-1'] });
    expect(writes.present).to.deep.equal({ created: new Map(), changed: [] });
    const later: FormerPlace = { addresses: { ip4: '10.0.0.2', ip6: undefined, mac: MAC }, from: undefined };
    writes.noteChanged('web-1', 'b', later);
    writes.keep();
    expect(writes.former('web-1', 'b')).to.deep.include(later);
    expect(writes.kept.changed).to.deep.equal(['web-1']);
  });

  it('knows the port that a run changed from another one of that name', () => {
    writes.keep();
    expect(writes.former('web-1', 'c')).to.equal(undefined);
  });
});
