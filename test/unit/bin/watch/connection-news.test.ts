import { expect } from 'chai';

import { ConnectionNews } from '../../../../lib/bin/watch/connection-news.js';
import type { ClientState } from '../../../../lib/client/client-state.js';

const REMOTE = 'tcp:10.0.0.5:6641';

function synced(remote = REMOTE): ClientState {
  return { name: 'synced', remote, method: 'monitor_cond_since', kind: 'delta', server: undefined };
}

function backoff(message: string): ClientState {
  return { name: 'backoff', delayMs: 1000, error: new Error(message) };
}

describe('the news of a connection', () => {
  it('are that it was lost, each other reason why it is not back, and that it is', () => {
    const news = new ConnectionNews(synced());
    const told = (state: ClientState): readonly string[] => news.next(state).map(({ text }) => text);
    expect(told(backoff('it was reset'))).to.deep.equal(['connection lost: it was reset']);
    expect(news.link).to.deep.equal({ remote: REMOTE, text: 'connection lost, trying again', isCurrent: false });
    expect(told({ name: 'connecting', remote: 'tcp:10.0.0.6:6641' })).to.deep.equal([]);
    expect(told(backoff('it was refused'))).to.deep.equal(['not connected: it was refused']);
    expect(told({ name: 'connecting', remote: REMOTE })).to.deep.equal([]);
    expect(told(backoff('it was refused'))).to.deep.equal([]);
    expect(told({ name: 'syncing', remote: REMOTE })).to.deep.equal([]);
    expect(told(synced())).to.deep.equal([`in sync again with ${REMOTE}`]);
    expect(news.link).to.deep.equal({ remote: REMOTE, text: 'in sync', isCurrent: true });
    expect(told(backoff('it was refused'))).to.deep.equal(['connection lost: it was refused']);
    expect(told({ name: 'closed', error: undefined })).to.deep.equal([]);
  });
});
