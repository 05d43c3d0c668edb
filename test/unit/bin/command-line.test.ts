import { expect } from 'chai';

import { connectionOf, parseCommandLine, rulesOf, timeoutMsOf } from '../../../lib/bin/ports/command-line.js';
import { InvalidArgumentError } from '../../../lib/errors.js';

function refusal(...args: string[]): string {
  try {
    const { values } = parseCommandLine(args);
    timeoutMsOf(values);
    rulesOf(values);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the command line of ports', () => {
  it('is refused without a sub-command, or with one that is not there', () => {
    expect(refusal()).to.equal('say what to do: plan, apply, readdress, adopt, list, audit, capacity, release, prune');
    expect(refusal('delete')).to.match(/^there is no "delete"; there are plan, /);
  });

  it('is refused with an option that the sub-command does not take', () => {
    expect(refusal('list', '--yes')).to.match(/^list takes no --yes; it takes --file, --statefulset/);
    expect(refusal('plan', '--all')).to.match(/^plan takes no --all/);
    expect(refusal('readdress', '--on-drift', 'keep')).to.match(/^readdress takes no --on-drift/);
    expect(refusal('apply', '--nonsense')).to.include("'--nonsense'");
    expect(refusal('apply', 'web.yaml')).to.include("'web.yaml'");
  });

  it('is refused with a value that an option cannot have', () => {
    expect(refusal('apply', '--on-drift', 'ignore')).to.equal('--on-drift is "ignore"; it must be keep or error or readdress'); // prettier-ignore
    expect(refusal('apply', '--timeout', '-1')).to.include('--timeout');
    for (const timeout of ['0', 'x', '1e9', '']) {
      expect(refusal('apply', '--timeout', timeout)).to.equal(
        `--timeout is "${timeout}"; give seconds, more than 0 and at most 86400`,
      );
    }
  });

  it('becomes the options of the manager', () => {
    const args = [
      '--on-drift',
      'error',
      '--on-scale-down',
      'release',
      '--on-recreate',
      'reject',
      '--pick',
      'sequential',
    ];
    const more = ['--indexing', 'absolute', '--adopt', '--vendor', 'acme', '--strict-exclude', '--port-security'];
    expect(rulesOf(parseCommandLine(['apply', ...args, ...more]).values)).to.deep.equal({
      onDrift: 'error',
      onScaleDown: 'release',
      onRecreate: 'reject',
      pick: 'sequential',
      indexing: 'absolute',
      adopt: true,
      vendor: 'acme',
      strictExclude: true,
      portSecurity: true,
    });
  });

  it('becomes a connection', () => {
    const args = ['--db', 'ssl:h:1', '--private-key', 'k', '--certificate', 'c', '--ca-cert', 'a', '--no-leader-only'];
    const { values } = parseCommandLine(['list', ...args, '--timeout', '2.5']);
    expect(connectionOf(values, {})).to.deep.equal({
      remotes: 'ssl:h:1',
      tls: { privateKeyFile: 'k', certificateFile: 'c', caCertFile: 'a' },
      leaderOnly: false,
    });
    expect(timeoutMsOf(values)).to.equal(2500);
  });

  it('needs a certificate authority where a remote is reached over TLS', () => {
    const { values } = parseCommandLine(['list', '--db', 'tcp:h:1,ssl:h:2']);
    expect(() => connectionOf(values, {})).to.throw(InvalidArgumentError, /^ssl:h:2 needs --ca-cert FILE, /);
    expect(() => connectionOf({}, { OVN_NB_DB: 'pssl:6641' })).to.throw(InvalidArgumentError, /needs --ca-cert FILE, /);
  });

  it('leads to the server of OVN_NB_DB, or else where ovn-nbctl goes', () => {
    const { values } = parseCommandLine(['list']);
    expect(connectionOf(values, { OVN_NB_DB: 'tcp:h:6641' }).remotes).to.equal('tcp:h:6641');
    expect(connectionOf(values, { OVN_NB_DB: '' }).remotes).to.equal('unix:/var/run/ovn/ovnnb_db.sock');
    expect(connectionOf(values, {})).to.deep.equal({
      remotes: 'unix:/var/run/ovn/ovnnb_db.sock',
      tls: {},
      leaderOnly: true,
    });
    expect(timeoutMsOf(values)).to.equal(30_000);
  });
});
