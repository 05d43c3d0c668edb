import { expect } from 'chai';

import { insertSwitch, smallServer } from './small-database.js';

describe('the log of transactions', () => {
  it('has what clients sent, with what became of it, until it is cleared', () => {
    const { client: connect, log } = smallServer();
    const [one, two] = [connect(), connect()];
    one.ask('transact', ['Small', insertSwitch(1)]);
    two.ask('transact', ['Small', { op: 'select', table: 'Switch', where: [], columns: ['name'] }]);
    two.ask('transact', ['_Server', { op: 'comment', comment: 'not of interest' }]);
    expect(log.map(({ client, database, changed, results }) => ({ client, database, changed, results }))).to.deep.equal(
      [
        {
          client: 1,
          database: 'Small',
          changed: true,
          results: [{ uuid: ['uuid', 'aaaaaaaa-0000-4000-8000-000000000001'] }],
        },
        { client: 2, database: 'Small', changed: false, results: [{ rows: [{ name: 'sw1' }] }] },
      ],
    );
    expect(log[0]!.operations).to.deep.equal([insertSwitch(1)]);
    log.clear();
    expect(log).to.deep.equal([]);
    expect(log).to.be.empty;
  });

  it('has a transaction that waits without results', () => {
    const { client: connect, log, clock } = smallServer();
    const wait = { op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '!=', rows: [], timeout: 10 };
    connect().ask('transact', ['Small', wait]);
    expect(log.map(({ results }) => results)).to.deep.equal([undefined]);
    clock.advance(10);
    expect(log[0]!.results).to.have.lengthOf(1);
  });

  it('is a plain array when it is filtered', () => {
    const { log } = smallServer();
    expect(log.filter(() => true).constructor).to.equal(Array);
  });
});
