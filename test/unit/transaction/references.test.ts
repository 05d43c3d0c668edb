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
    references.addReference({ inserted: 'group' }, 'column', 'chassis');
    expect(references.orphans(never)).to.deep.equal([]);
  });

  it('keeps what a row that exists refers to, and asks for that row to exist still', () => {
    const references = inserts(['port', false]);
    expect(references.orphans(never)).to.deep.equal(['port']);
    references.addReference({ existing: { table: 'Logical_Switch', uuid: LS } }, 'column', 'port');
    expect(references.orphans(never)).to.deep.equal([]);
    expect(references.supports()).to.deep.equal([{ table: 'Logical_Switch', uuid: LS }]);
  });

  it('does not ask twice for one row, nor for one that only a root row hangs on', () => {
    const references = inserts(['a', false], ['b', false], ['root', true]);
    for (const target of ['a', 'b', 'a'])
      references.addReference({ existing: { table: 'T', uuid: LS } }, 'column', target);
    expect(references.supports()).to.have.lengthOf(1);
    const rooted = inserts(['root', true]);
    rooted.addReference({ existing: { table: 'T', uuid: LS } }, 'column', 'root');
    expect(rooted.supports()).to.deep.equal([]);
  });

  it('refuses a cycle that nothing else holds, and keeps one that something does', () => {
    const references = inserts(['a', false], ['b', false]);
    references.addReference({ inserted: 'a' }, 'column', 'b');
    references.addReference({ inserted: 'b' }, 'column', 'a');
    expect(references.orphans(never)).to.deep.equal(['a', 'b']);
    references.addReference({ existing: { table: 'T', uuid: LS } }, 'column', 'b');
    expect(references.orphans(never)).to.deep.equal([]);
  });

  it('follows a chain in whatever order it was made, and names only what is not held', () => {
    const references = inserts(['c', false], ['b', false], ['a', false], ['x', false], ['root', true]);
    references.addReference({ inserted: 'b' }, 'column', 'c');
    references.addReference({ inserted: 'a' }, 'column', 'b');
    references.addReference({ inserted: 'root' }, 'column', 'a');
    references.addReference({ inserted: 'x' }, 'column', 'c');
    expect(references.orphans(never)).to.deep.equal(['x']);
  });

  it('forgets what a later operation overwrites', () => {
    const holder = { existing: { table: 'Logical_Switch', uuid: LS } };
    const references = inserts(['port', false], ['acl', false]);
    references.addReference(holder, 'ports', 'port');
    references.addReference(holder, 'acls', 'acl');
    references.dropReferences(holder, 'ports');
    expect(references.orphans(never)).to.deep.equal(['port']);
    references.dropReferences(holder, 'acls');
    expect(references.orphans(never)).to.deep.equal(['port', 'acl']);
    expect(references.supports()).to.deep.equal([]);
    references.addReference(holder, 'ports', 'port');
    expect(references.orphans(never)).to.deep.equal(['acl']);
  });

  it('gives a row that is named elsewhere the benefit of the doubt', () => {
    const references = inserts(['a', false], ['b', false]);
    expect(references.orphans(({ key }) => key === 'a')).to.deep.equal(['b']);
  });
});
