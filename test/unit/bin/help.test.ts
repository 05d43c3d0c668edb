import { expect } from 'chai';

import { main } from '../../../lib/bin/main.js';
import packageJson from '../../../package.json' with { type: 'json' };
import { nearestCommand } from '../../../lib/bin/nearest-command.js';

async function run(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const exitCode = await main(args, { write: (text) => (out += text), writeError: (text) => (err += text) });
  return { exitCode, out, err };
}

describe('the help of the program', () => {
  it('comes without a command, and fits one screen', async () => {
    const { exitCode, out, err } = await run();
    expect([exitCode, err]).to.deep.equal([0, '']);
    const lines = out.split('\n');
    expect(lines.length).to.be.at.most(24);
    expect(lines.filter((line) => line.length > 80)).to.deep.equal([]);
    for (const word of ['demo', 'watch', 'ports', 'generate', 'Examples:']) expect(out).to.include(word);
    expect([await run('--help'), await run('-h'), await run('help')].map((each) => each.out)).to.deep.equal([out, out, out]); // prettier-ignore
  });

  it('is there for each command, in 80 columns, with examples', async () => {
    for (const command of ['demo', 'watch', 'ports', 'generate']) {
      const { exitCode, out } = await run(command, '--help');
      expect([exitCode, out.startsWith(`Usage: ovn-northbound ${command}`)]).to.deep.equal([0, true]);
      expect(out.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
      expect(out).to.include('\nExamples:\n');
      expect((await run('help', command)).out).to.equal(out);
    }
  });

  it('says which version it is', async () => {
    const { exitCode, out } = await run('--version');
    expect([exitCode, out]).to.deep.equal([0, `ovn-northbound ${packageJson.version}\n`]);
    expect((await run('-V')).out).to.equal(out);
  });

  it('says which command was meant', async () => {
    const { exitCode, out, err } = await run('wacth');
    expect([exitCode, out]).to.deep.equal([2, '']);
    expect(err).to.equal(
      'ovn-northbound: there is no command wacth\nDid you mean watch? All commands: ovn-northbound --help\n',
    );
    expect((await run('frobnicate')).err).to.match(/^ovn-northbound: there is no command frobnicate\nUsage: /);
    expect((await run('ports', 'aply')).err).to.match(/did you mean apply\?\nTry: ovn-northbound ports --help\n$/);
  });
});

describe('the nearest command', () => {
  it('is one that begins so, has a letter or two otherwise, or the letters in another order', () => {
    const known = ['watch', 'ports', 'generate'];
    expect(
      ['w', 'gen', 'port', 'PORTS', 'wacth', 'genrate'].map((typed) => nearestCommand(typed, known)),
    ).to.deep.equal(['watch', 'generate', 'ports', 'ports', 'watch', 'generate']);
    expect(nearestCommand('', known)).to.equal(undefined);
    expect(nearestCommand('install', known)).to.equal(undefined);
  });
});
