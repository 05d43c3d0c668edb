import { expect } from 'chai';

import { InvalidRemoteError } from '../../../lib/errors.js';
import { formatRemote, isLocal, isPassive, parseRemote, parseRemotes, type Remote } from '../../../lib/wire/remote.js';

const CLUSTER = '7fae0f8c-5a6f-4ac5-a4f7-0123456789ab';

describe('parseRemote', () => {
  const understood: readonly (readonly [text: string, remote: Remote])[] = [
    ['unix:/run/ovn/ovnnb_db.sock', { scheme: 'unix', path: '/run/ovn/ovnnb_db.sock' }],
    ['unix:relative sock', { scheme: 'unix', path: 'relative sock' }],
    ['unix:/a,b', { scheme: 'unix', path: '/a,b' }],
    ['tcp:10.0.0.1:6641', { scheme: 'tcp', host: '10.0.0.1', port: 6641 }],
    ['tcp:ovn-nb.kube-system.svc:6641', { scheme: 'tcp', host: 'ovn-nb.kube-system.svc', port: 6641 }],
    ['ssl:10.0.0.1', { scheme: 'ssl', host: '10.0.0.1', port: 6640 }],
    ['tcp:[::1]:6641', { scheme: 'tcp', host: '::1', port: 6641 }],
    ['tcp:[fe80::1%eth0]:6641', { scheme: 'tcp', host: 'fe80::1%eth0', port: 6641 }],
    ['ssl:[fd00::2]', { scheme: 'ssl', host: 'fd00::2', port: 6640 }],
    ['tcp:fd00::2', { scheme: 'tcp', host: 'fd00::2', port: 6640 }],
    ['tcp:::1', { scheme: 'tcp', host: '::1', port: 6640 }],
    ['  tcp:h:1 ', { scheme: 'tcp', host: 'h', port: 1 }],
    ['punix:/run/app/ovsdb.sock', { scheme: 'punix', path: '/run/app/ovsdb.sock' }],
    ['ptcp:6641', { scheme: 'ptcp', port: 6641 }],
    ['ptcp:', { scheme: 'ptcp', port: 6640 }],
    ['pssl:6641:127.0.0.1', { scheme: 'pssl', port: 6641, host: '127.0.0.1' }],
    ['ptcp:6641:[::]', { scheme: 'ptcp', port: 6641, host: '::' }],
    ['ptcp:6641:fd00::2', { scheme: 'ptcp', port: 6641, host: 'fd00::2' }],
    ['ptcp:6641:localhost', { scheme: 'ptcp', port: 6641, host: 'localhost' }],
    ['ptcp:127.0.0.1:6641', { scheme: 'ptcp', port: 6641, host: '127.0.0.1' }],
    ['pssl:[::1]:6641', { scheme: 'pssl', port: 6641, host: '::1' }],
    [`unix:/${'x'.repeat(106)}`, { scheme: 'unix', path: `/${'x'.repeat(106)}` }],
  ];
  for (const [text, remote] of understood) {
    it(`reads ${text.slice(0, 40)}, and reads its print-out alike`, () => {
      expect(parseRemote(text)).to.deep.equal(remote);
      expect(parseRemote(formatRemote(remote))).to.deep.equal(remote);
    });
  }

  const refused: readonly (readonly [text: string, reason: RegExp])[] = [
    ['', /unix:PATH/],
    ['10.0.0.1:6641', /expected unix:PATH/],
    ['http:10.0.0.1', /unknown scheme http:/],
    ['TCP:h:1', /expected unix:PATH/],
    ['punix:', /path is empty/],
    [`punix:/${'x'.repeat(107)}`, /108 bytes/],
    ['ptcp:0', /"0" is not a port/],
    ['ptcp:65536:127.0.0.1', /"65536" is not a port/],
    ['ptcp:127.0.0.1', /a port, or a port and a host/],
    ['ptcp:[::1]', /a port, or a port and a host/],
    ['ptcp::1', /is not a port/],
    ['pssl:6641:', /a port, or a port and a host/],
    ['pssl:6641:a b', /not a host name/],
    ['pssl:6641:h:1', /not an IPv6 address/],
    ['pssl:6641:[h]', /in brackets is not an IPv6 address/],
    ['unix:', /path is empty/],
    ['unix:/a\0b', /NUL/],
    [`unix:/${'x'.repeat(107)}`, /108 bytes.*at most 107/],
    [`unix:/${'é'.repeat(54)}`, /109 bytes/],
    ['tcp:', /host is missing/],
    ['tcp::6641', /host is missing/],
    ['tcp:h:0', /"0" is not a port/],
    ['tcp:h:65536', /not a port from 1 to 65535/],
    ['tcp:h:', /"" is not a port/],
    ['tcp:h:66x', /"66x" is not a port/],
    ['tcp:a b:1', /not a host name/],
    ['tcp:[::1:6641', /brackets/],
    ['tcp:[::1]6641', /brackets/],
    ['tcp:[10.0.0.1]:6641', /not an IPv6 address/],
    ['tcp:1:2:3', /not an IPv6 address/],
  ];
  for (const [text, reason] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))} and says why`, () => {
      expect(() => parseRemote(text)).to.throw(InvalidRemoteError, reason);
    });
  }
});

describe('parseRemotes', () => {
  it('reads a comma list with blanks', () => {
    expect(parseRemotes('tcp:a:1, ssl:[::1]:2 ,unix:/x').remotes.map(formatRemote)).to.deep.equal([
      'tcp:a:1',
      'ssl:[::1]:2',
      'unix:/x',
    ]);
  });

  it('tells passive remotes from active ones, and local ones from those of the network', () => {
    const { remotes } = parseRemotes('unix:/a,tcp:h:1,ssl:h:2,punix:/b,ptcp:3,pssl:4:[::1]');
    expect(remotes.filter(isPassive).map(formatRemote)).to.deep.equal(['punix:/b', 'ptcp:3', 'pssl:4:[::1]']);
    expect(remotes.filter(isLocal).map(formatRemote)).to.deep.equal(['unix:/a', 'punix:/b']);
  });

  it('leaves commas in unix paths that no scheme follows', () => {
    expect(parseRemotes('unix:/a,b,tcp:h:1').remotes).to.deep.equal([
      { scheme: 'unix', path: '/a,b' },
      { scheme: 'tcp', host: 'h', port: 1 },
    ]);
  });

  it('reads an array whose elements may be lists', () => {
    expect(parseRemotes(['tcp:a:1,tcp:b:1', 'tcp:c:1']).remotes.map(formatRemote)).to.deep.equal([
      'tcp:a:1',
      'tcp:b:1',
      'tcp:c:1',
    ]);
  });

  it('takes the cluster id from a cid: element, in lower case', () => {
    const list = parseRemotes(`cid:${CLUSTER.toUpperCase()},tcp:a:1`);
    expect(list.clusterId).to.equal(CLUSTER);
    expect(list.remotes).to.have.length(1);
    expect(parseRemotes('tcp:a:1').clusterId).to.equal(undefined);
  });

  it('refuses a malformed cluster id and two different ones', () => {
    expect(() => parseRemotes('cid:1234,tcp:a:1')).to.throw(InvalidRemoteError, /cid:/);
    const other = CLUSTER.replace('7', '8');
    expect(() => parseRemotes(`cid:${CLUSTER},cid:${other},tcp:a:1`)).to.throw(InvalidRemoteError, /two cluster ids/);
  });

  it('refuses a list that names no server', () => {
    for (const text of ['', ' ', `cid:${CLUSTER}`, []]) {
      expect(() => parseRemotes(text), JSON.stringify(text)).to.throw(InvalidRemoteError);
    }
  });

  it('names the element that is wrong, not the whole list', () => {
    expect(() => parseRemotes('tcp:a:1,tcp:b:x')).to.throw(InvalidRemoteError, /"tcp:b:x"/);
  });

  it('refuses what is not text, as callers without types may give', () => {
    expect(() => parseRemotes(undefined as unknown as string)).to.throw(InvalidRemoteError);
    expect(() => parseRemotes([7 as unknown as string])).to.throw(InvalidRemoteError, /7/);
  });
});
