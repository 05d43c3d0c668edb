import { expect } from 'chai';

import type { Uuid } from '../../../lib/schema/uuid.js';
import { InsertedReferences } from '../../../lib/transaction/references.js';

const LS = '01234567-89ab-4def-8123-456789abcdef' as Uuid;
const never = (): boolean => false;

function inserts(...rows: readonly (readonly [key: string, root: boolean])[]): InsertedReferences {
  const references = new InsertedReferences();
  for (const [key, root] of rows) references.addInsert(key, { root, description: key, uuid: undefined });
  return references;
}

describe('InsertedReferences', () => {
  it('keeps rows of root tables, and what they refer to', () => {
    const references = inserts(['group', true], ['chassis', false]);
    references.addReference({ inserted: 'group' }, 'chassis');
    expect(references.orphans(never)).to.deep.equal([]);
  });

  it('keeps what a row that exists refers to, and asks for that row to exist still', () => {
    const references = inserts(['port', false]);
    expect(references.orphans(never)).to.deep.equal(['port']);
    references.addReference({ existing: { table: 'Logical_Switch', uuid: LS } }, 'port');
    expect(references.orphans(never)).to.deep.equal([]);
    expect(references.supports()).to.deep.equal([{ table: 'Logical_Switch', uuid: LS }]);
  });

  it('does not ask twice for one row, nor for one that only a root row hangs on', () => {
    const references = inserts(['a', false], ['b', false], ['root', true]);
    for (const target of ['a', 'b', 'a']) references.addReference({ existing: { table: 'T', uuid: LS } }, target);
    expect(references.supports()).to.have.lengthOf(1);
    const rooted = inserts(['root', true]);
    rooted.addReference({ existing: { table: 'T', uuid: LS } }, 'root');
    expect(rooted.supports()).to.deep.equal([]);
  });

  it('refuses a cycle that nothing else holds, and keeps one that something does', () => {
    const references = inserts(['a', false], ['b', false]);
    references.addReference({ inserted: 'a' }, 'b');
    references.addReference({ inserted: 'b' }, 'a');
    expect(references.orphans(never)).to.deep.equal(['a', 'b']);
    references.addReference({ existing: { table: 'T', uuid: LS } }, 'b');
    expect(references.orphans(never)).to.deep.equal([]);
  });

  it('follows a chain in whatever order it was made, and names only what is not held', () => {
    const references = inserts(['c', false], ['b', false], ['a', false], ['x', false], ['root', true]);
    references.addReference({ inserted: 'b' }, 'c');
    references.addReference({ inserted: 'a' }, 'b');
    references.addReference({ inserted: 'root' }, 'a');
    references.addReference({ inserted: 'x' }, 'c');
    expect(references.orphans(never)).to.deep.equal(['x']);
  });

  it('gives a row that is named elsewhere the benefit of the doubt', () => {
    const references = inserts(['a', false], ['b', false]);
    expect(references.orphans(({ key }) => key === 'a')).to.deep.equal(['b']);
  });
});
