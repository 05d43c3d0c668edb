import { expect } from 'chai';

import { nextSteps } from '../../../../lib/bin/demo/invocation.js';
import { parseDemoCommandLine } from '../../../../lib/bin/demo/options.js';

const CHECKOUT = { npm_lifecycle_event: 'demo', npm_package_name: 'ovn-northbound', INIT_CWD: '/home/somebody' };

describe('the command line of the demo', () => {
  it('takes paths from where npm was called', () => {
    const args = ['--remote', 'ssl:127.0.0.1:1', '--ca-cert', 'ca.pem', '--file', 'web.yaml'];
    const { file, database } = parseDemoCommandLine(args, CHECKOUT);
    expect(file).to.equal('/home/somebody/web.yaml');
    expect(database).to.deep.include({ tlsArguments: ['--ca-cert=/home/somebody/ca.pem'] });
    expect(parseDemoCommandLine(args, { ...CHECKOUT, npm_package_name: 'mine' }).file).to.equal('web.yaml');
    expect(parseDemoCommandLine(['--file', '-'], CHECKOUT).file).to.equal('-');
  });

  it('leads to commands that fit where the demo was called, in 80 columns', () => {
    for (const args of [[], ['--real'], ['--file', 'web.yaml'], ['--remote', 'tcp:127.0.0.1:6641']]) {
      for (const environment of [CHECKOUT, {}]) {
        const steps = nextSteps(parseDemoCommandLine(args, environment), [], environment);
        expect(steps.length).to.be.above(0);
        for (const [command] of steps) {
          expect(command).to.match(environment === CHECKOUT ? /^np(m run|x tsx) / : /^npx ovn-northbound /);
        }
        const longest = Math.max(...steps.map(([command]) => command.length));
        expect(Math.max(...steps.map(([, purpose]) => purpose.length)) + longest).to.be.at.most(76);
        expect(steps.some(([command]) => command.endsWith('--real'))).to.equal(
          args[0] === undefined || args[0] === '--file',
        );
      }
    }
  });

  it('leads to what was left, with --keep', () => {
    const options = parseDemoCommandLine(['--remote', 'unix:/db.sock', '--keep'], {});
    expect(nextSteps(options, ['demo-a', 'demo-b'], {}).map(([command]) => command)).to.deep.equal([
      'npx ovn-northbound watch --remote unix:/db.sock --switch demo-a',
      'ovn-nbctl --db=unix:/db.sock ls-del demo-a',
      'ovn-nbctl --db=unix:/db.sock ls-del demo-b',
    ]);
    const secure = parseDemoCommandLine(['--remote', 'ssl:[::1]:6641', '--ca-cert', "/it's/ca.pem", '--keep'], {});
    expect(nextSteps(secure, ['demo-a'], {}).map(([command]) => command)).to.deep.equal([
      `npx ovn-northbound watch --remote 'ssl:[::1]:6641' '--ca-cert=/it'\\''s/ca.pem' --switch demo-a`,
      `ovn-nbctl '--db=ssl:[::1]:6641' '--ca-cert=/it'\\''s/ca.pem' ls-del demo-a`,
    ]);
  });
});
