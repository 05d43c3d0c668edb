/** Every huge, deep or repetitive message there is to think of, one by one. */
import { Buffer } from 'node:buffer';

import { expect } from 'chai';

import { readCorpus } from './corpus.js';
import { Stage } from './episode.js';
import { checkIndexes, printReplica } from './invariants.js';
import { copyTree, Literal, Members, printTree } from './json-tree.js';
import { MONSTERS } from './monsters.js';
import { changedPrototypes } from './prototypes.js';
import { Random } from '../random.js';
import { Rig, turn } from './rig.js';

/** A megabyte takes some dozens of milliseconds; the rest is for machines that are busy. */
const MAX_MS = 1500;

describe('a message that is huge, deep or repetitive', () => {
  const stage = new Stage(readCorpus());
  const scene = stage.scenes.find(
    ({ scene: { database, method } }) => database === 'Fuzz' && method === 'monitor_cond_since',
  )!;

  async function connect(rig: Rig): Promise<void> {
    await rig.connect();
    rig.collect();
    const reply = copyTree(scene.snapshot) as Members;
    reply.set('id', new Literal(String(rig.pending[0]!.id)));
    rig.feed([Buffer.from(printTree(reply))]);
    await turn();
    expect(rig.started).to.equal('yes');
  }

  for (const [name, monster] of Object.entries(MONSTERS)) {
    it(`does no harm: ${name}`, async () => {
      const rig = new Rig(scene.schema, scene.tables);
      await connect(rig);
      const before = printReplica(rig.replica);
      rig.request('transact', ['Fuzz', {}]);
      rig.collect();
      const bytes = Buffer.from(monster(new Random(1, 1), rig.monitor.id).replace('"id":0,', '"id":1,'), 'latin1');
      expect(rig.feed([bytes]), 'milliseconds').to.be.below(MAX_MS);
      await turn();
      rig.check();
      checkIndexes(rig.replica);
      if (!rig.alive) expect(printReplica(rig.replica) === before, 'the replica is as before').to.equal(true);
      expect(changedPrototypes()).to.deep.equal([]);
      rig.close();
      await connect(rig);
      expect(printReplica(rig.replica) === before, 'the replica is that of the server').to.equal(true);
      rig.close();
      await turn();
      rig.check();
    });
  }
});
