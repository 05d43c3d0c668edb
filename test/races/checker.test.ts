import { expect } from 'chai';

import { foreignRow, MadeUpLog, portRow, told, web } from './made-up-log.js';

describe('the checker of races', () => {
  let log: MadeUpLog;

  beforeEach(() => (log = new MadeUpLog()));

  /** `web-0` with the first address of its pool, reported as it is. */
  function webZero(): void {
    const made = log.operation();
    log.insert(made, 'w0', portRow(0, '10.0.0.1'));
    log.ended(made, [told('created', 0, '10.0.0.1')]);
  }

  function expectOne(pattern: RegExp): void {
    const violations = log.violations();
    expect(violations.join('\n')).to.match(pattern);
    expect(violations).to.have.lengthOf(1);
  }

  it('passes ports that are made, used again, readdressed, swapped, released and taken by others', () => {
    const apply = log.operation();
    log.insert(apply, 'w0', portRow(0, '10.0.0.1'));
    log.insert(apply, 'w1', portRow(1, '10.0.0.2'));
    log.ended(apply, [told('created', 0, '10.0.0.1'), told('created', 1, '10.0.0.2')]);
    const again = log.operation('ensure', web(), { ordinal: 1 });
    log.ended(again, [told('reused', 1, '10.0.0.2')]);
    const turned = web({ pool: ['10.0.0.2', '10.0.0.1'] });
    const swap = log.operation('readdress', turned);
    log.update(swap, { w0: portRow(0, '10.0.0.2'), w1: portRow(1, '10.0.0.1') });
    log.ended(swap, [told('readdressed', 0, '10.0.0.2'), told('readdressed', 1, '10.0.0.1')]);
    const down = log.operation('apply', web({ replicas: 1 }), { onScaleDown: 'release' });
    log.delete(down, 'w1');
    log.ended(down, [told('reused', 0, '10.0.0.2')], { released: ['web-1.space'] });
    log.insert('foreign', 'f1', foreignRow('10.0.0.2'));
    const release = log.operation('release');
    log.delete(release, 'w0');
    log.ended(release, [], { released: ['web-0.space'] });
    expect(log.violations()).to.deep.equal([]);
  });

  describe('addresses', () => {
    const other = web({ name: 'other' });

    it('two managed ports with one IP address, even for a moment', () => {
      webZero();
      const second = log.operation('apply', other);
      log.insert(second, 'o0', portRow(0, '10.0.0.1', { spec: other, mac: '0a:00:00:00:00:09' }));
      const release = log.operation('release', other);
      log.delete(release, 'o0');
      expectOne(/other-0\.space: it has 10\.0\.0\.1, and so has web-0\.space/);
    });

    it('two managed ports with one MAC address', () => {
      webZero();
      const pool = ['10.0.0.3'];
      const second = log.operation('apply', { ...other, pool });
      log.insert(second, 'o0', portRow(0, '10.0.0.3', { spec: other }));
      expectOne(/other-0\.space: it has 0a:00:00:00:00:00, and so has web-0\.space/);
    });

    it('an address that is not the entry of the pool', () => {
      log.insert(log.operation(), 'w0', portRow(0, '10.0.0.2'));
      expectOne(/web-0\.space: made: its entry in the pool is 10\.0\.0\.1, not 10\.0\.0\.2/);
    });

    it('a picked address that cannot be given out', () => {
      log.insert(log.operation('apply', web({ pool: undefined })), 'w0', portRow(0, '10.0.0.254'));
      expectOne(/10\.0\.0\.254 cannot be given out on switch-a/);
    });

    it('an address or MAC address that changes although nobody asked for it', () => {
      webZero();
      log.update(log.operation('apply', web({ pool: ['10.0.0.3', '10.0.0.2'] })), { w0: portRow(0, '10.0.0.3') });
      expectOne(/changed: its address was changed, and nobody asked for that/);
      log = new MadeUpLog();
      webZero();
      log.update(log.operation('readdress'), { w0: portRow(0, '10.0.0.1', { mac: '0a:00:00:00:00:07' }) });
      expectOne(/its MAC address was changed/);
    });
  });

  describe('writers that know nothing of managers', () => {
    it('one that was first: the port must be gone when the call ends', () => {
      log.insert('foreign', 'f1', foreignRow('10.0.0.1'));
      webZero();
      expectOne(
        /web-0\.space has 10\.0\.0\.1 on switch-a, which foreign 10\.0\.0\.1 had first, and that lasted for good/,
      );
    });

    it('one that was first, and the port taken back in time', () => {
      log.insert('foreign', 'f1', foreignRow('10.0.0.1'));
      const made = log.operation();
      log.insert(made, 'w0', portRow(0, '10.0.0.1'));
      log.delete(made, 'w0');
      const error = { code: 'AddressInUse', ip: '10.0.0.1', port: 'foreign 10.0.0.1' };
      log.ended(made, [told('refused', 0, '', { error })]);
      expect(log.violations()).to.deep.equal([]);
    });

    it('one that was first where a port moved to: it must have its former address again', () => {
      webZero();
      log.insert('foreign', 'f1', foreignRow('10.0.0.3'));
      const move = log.operation('readdress', web({ pool: ['10.0.0.3'] }));
      log.update(move, { w0: portRow(0, '10.0.0.3') });
      // What comes between is the foreigner's doing: the port had that address before it.
      log.insert('foreign', 'f2', foreignRow('10.0.0.1', '0e:00:00:00:00:02'));
      log.update(move, { w0: portRow(0, '10.0.0.1') });
      log.ended(move);
      expect(log.violations()).to.deep.equal([]);
    });

    it('one that comes second is to blame itself, and the port stays', () => {
      webZero();
      log.insert('foreign', 'f1', foreignRow('10.0.0.1'));
      expect(log.violations()).to.deep.equal([]);
    });

    it('a port that is taken back although nobody else had its address', () => {
      const made = log.operation();
      log.insert(made, 'w0', portRow(0, '10.0.0.1'));
      log.delete(made, 'w0');
      expectOne(/it was taken back, and nobody else had its addresses/);
    });

    it('a port that was given what another one gets back when that is taken back, goes with it', () => {
      webZero();
      const move = log.operation('readdress', web({ pool: ['10.0.0.3', '10.0.0.1'] }));
      log.insert('foreign', 'f1', foreignRow('10.0.0.3'));
      log.swap(move, { w0: portRow(0, '10.0.0.3') }, { w1: portRow(1, '10.0.0.1') });
      log.swap(move, { w0: portRow(0, '10.0.0.1') }, { w1: null });
      log.ended(move);
      expect(log.violations()).to.deep.equal([]);
    });

    it('a port that moved goes when another kept port has been given its former address', () => {
      const other = web({ name: 'other' });
      const removed = (taken: boolean): string[] => {
        log = new MadeUpLog();
        webZero();
        log.insert('foreign', 'f1', foreignRow('10.0.0.3'));
        const move = log.operation('readdress', web({ pool: ['10.0.0.3'] }));
        log.update(move, { w0: portRow(0, '10.0.0.3') });
        const row = portRow(0, '10.0.0.1', { spec: other, mac: '0a:00:00:00:00:09' });
        if (taken) log.insert(log.operation('apply', other), 'o0', row);
        log.delete(move, 'w0');
        return log.violations();
      };
      expect(removed(true)).to.deep.equal([]);
      expect(removed(false).join()).to.match(/web-0\.space: deleted: nobody asked for that/);
    });

    it('their ports are no business of managers', () => {
      log.insert('foreign', 'f1', foreignRow('10.0.0.1'));
      log.delete(log.operation('release'), 'f1');
      expectOne(/foreign 10\.0\.0\.1: a port that no manager made was deleted by one/);
    });

    it('may delete and change kept ports', () => {
      webZero();
      log.update('foreign', { w0: { addresses: '0a:00:00:00:00:00 10.0.0.3' } });
      log.delete('foreign', 'w0');
      expect(log.violations()).to.deep.equal([]);
    });
  });

  describe('owners', () => {
    const cases: readonly (readonly [string, object, RegExp])[] = [
      ['another pod', { pod: 'space/web-1' }, /pod is space\/web-1, not space\/web-0/],
      ['another switch', { ls: 'switch-b' }, /ls is switch-b, not switch-a/],
      ['another address', { 'ovn-northbound/ip4': '10.0.0.9' }, /ip4 is 10\.0\.0\.9, not 10\.0\.0\.1/],
      ['another MAC address', { 'ovn-northbound/mac': 'x' }, /mac is x, not 0a/],
      ['another uid', { 'ovn-northbound/owner-uid': 'web#7' }, /it was made for uid web#1 and names another one/],
    ];
    for (const [what, ids, pattern] of cases) {
      it(`a row that names ${what}`, () => {
        log.insert(log.operation(), 'w0', portRow(0, '10.0.0.1', { ids }));
        expectOne(pattern);
      });
    }

    it('a port on no switch', () => {
      const made = log.operation();
      log.insert(made, 'w0', portRow(0, '10.0.0.1'));
      log.log.record('{"Logical_Switch":{"switch-a":{"ports":["set",[]]}}}');
      log.update(made, { w0: portRow(0, '10.0.0.1') });
      expectOne(/web-0\.space: it is on no switch/);
    });

    it('a port that nobody asked for', () => {
      log.insert(log.operation('ensure', web(), { ordinal: 1 }), 'w0', portRow(0, '10.0.0.1'));
      expectOne(/nobody asked for this pod/);
      log = new MadeUpLog();
      log.insert(log.operation('teardown'), 'w0', portRow(0, '10.0.0.1'));
      expectOne(/teardown makes no ports/);
    });

    it('a port that an operation on another StatefulSet deletes or changes', () => {
      webZero();
      log.delete(log.operation('release', web({ name: 'other' })), 'w0');
      expectOne(/the operation was about space\/other/);
    });

    it('a port that goes although its pod only went, or stays within the replicas', () => {
      webZero();
      log.delete(log.operation('teardown', web(), { ordinal: 0 }), 'w0');
      expectOne(/a pod that goes leaves its port/);
      log = new MadeUpLog();
      webZero();
      log.delete(log.operation('apply', web({ replicas: 1 }), { onScaleDown: 'release' }), 'w0');
      expectOne(/deleted: nobody asked for that/);
    });

    it('a port of a later incarnation that an earlier one deletes or takes', () => {
      const later = web({ incarnation: 2 });
      const made = log.operation('apply', later);
      log.insert(made, 'w0', portRow(0, '10.0.0.1', { spec: later }));
      log.update(log.operation(), { w0: portRow(0, '10.0.0.1') });
      expectOne(/an earlier incarnation took it from web#2/);
      log = new MadeUpLog();
      const again = log.operation('apply', later);
      log.insert(again, 'w0', portRow(0, '10.0.0.1', { spec: later }));
      log.delete(log.operation('release'), 'w0');
      expectOne(/it belongs to a later incarnation, web#2/);
    });
  });

  describe('what callers were told', () => {
    it('a port that was not there', () => {
      const asked = log.operation();
      log.ended(asked, [told('reused', 0, '10.0.0.1')]);
      expectOne(/web-0\.space, reused .*no such port was in the database meanwhile/);
    });

    it('a port that was gone long before the call', () => {
      webZero();
      const release = log.operation('release');
      log.delete(release, 'w0');
      log.ended(release, [], { released: ['web-0.space'] });
      const asked = log.operation();
      log.ended(asked, [told('reused', 0, '10.0.0.1')]);
      expectOne(/no such port was in the database meanwhile/);
    });

    it('another address than the port has', () => {
      const made = log.operation();
      log.insert(made, 'w0', portRow(0, '10.0.0.1'));
      log.ended(made, [told('created', 0, '10.0.0.2')]);
      expectOne(/created with 0a:00:00:00:00:00 10\.0\.0\.2: no such port/);
    });

    it('created, though somebody else made it', () => {
      const mine = log.operation();
      const theirs = log.operation();
      log.insert(theirs, 'w0', portRow(0, '10.0.0.1'));
      log.ended(mine, [told('created', 0, '10.0.0.1')]);
      expectOne(/it was made by somebody else/);
    });

    it('created, though it was taken back', () => {
      const made = log.operation();
      log.insert(made, 'w0', portRow(0, '10.0.0.1'));
      log.insert('foreign', 'f1', foreignRow('10.0.0.1'));
      log.delete(made, 'w0');
      log.ended(made, [told('created', 0, '10.0.0.1')]);
      expectOne(/it was taken back all the same/);
    });

    it('nothing of a port that was made or deleted', () => {
      const made = log.operation();
      log.insert(made, 'w0', portRow(0, '10.0.0.1'));
      log.ended(made);
      expectOne(/web-0\.space was made, and the caller was not told so/);
      log = new MadeUpLog();
      webZero();
      const release = log.operation('release');
      log.delete(release, 'w0');
      log.ended(release);
      expectOne(/web-0\.space was deleted, and the caller was not told so/);
    });

    it('a release that nobody carried out', () => {
      webZero();
      const release = log.operation('release');
      log.ended(release, [], { released: ['web-0.space'] });
      expectOne(/web-0\.space is said to be released, and it deleted no such port/);
    });

    it('a refusal because of a port that had no such address', () => {
      webZero();
      const error = { code: 'AddressInUse', ip: '10.0.0.2', port: 'web-0.space' };
      const asked = log.operation('apply', web({ name: 'other' }));
      log.ended(asked, [told('refused', 1, '', { error })]);
      expectOne(/web-0\.space did not have 10\.0\.0\.2 meanwhile/);
    });

    it('a subnet that is called full, and is not', () => {
      const error = { code: 'SubnetExhausted' };
      const spec = web({ pool: undefined });
      const asked = log.operation('apply', spec);
      log.insert('foreign', 'f1', foreignRow('10.0.0.1'));
      log.insert('foreign', 'f2', foreignRow('10.0.0.2', '0e:00:00:00:00:02'));
      log.ended(asked, [told('refused', 0, '', { error })]);
      expectOne(/the subnet was never full meanwhile/);
      log.insert('foreign', 'f3', foreignRow('10.0.0.3', '0e:00:00:00:00:03'));
      const later = log.operation('apply', spec);
      log.ended(later, [told('refused', 0, '', { error })]);
      expectOne(/operation 1 .*the subnet was never full meanwhile/);
    });

    it('any other failure', () => {
      const asked = log.operation();
      log.ended(asked, [], { error: { code: 'ConflictRetriesExhausted', message: 'again and again' } });
      expectOne(/failed: ConflictRetriesExhausted: again and again/);
    });
  });
});
