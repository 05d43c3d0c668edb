import { expect } from 'chai';

import { directConnection } from '../../../lib/server/session/direct-channel.js';
import { parseRemote } from '../../../lib/wire/remote.js';

const turns = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('a connection without a socket', () => {
  it('holds back what arrives while it is paused', async () => {
    const { stream, channel } = directConnection(parseRemote('unix:/nowhere'));
    const got: string[] = [];
    stream.start({ onData: (bytes) => got.push(bytes.toString()), onClose: () => got.push('closed') });
    stream.pause();
    channel.send('a');
    channel.send('b');
    channel.close();
    await turns();
    expect(got).to.deep.equal([]);
    stream.resume();
    await turns();
    expect(got).to.deep.equal(['ab', 'closed']);
  });

  it('delivers what was written before it was closed', async () => {
    const { stream, channel } = directConnection(parseRemote('unix:/nowhere'));
    const got: string[] = [];
    channel.start({ onData: (bytes) => got.push(bytes.toString()), onClose: () => got.push('closed') });
    stream.write('a');
    stream.close();
    stream.write('c');
    await turns();
    expect(got).to.deep.equal(['a', 'closed']);
  });
});
