import { expect } from 'chai';

import { TableMonitoring } from '../../../lib/client/table-monitoring.js';
import type { Batch } from '../../../lib/replica/replica.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import { applySnapshot } from '../replica/apply-snapshot.js';

const A = 'aaaaaaaa-0000-4000-8000-000000000000';
const schema = parseSchema({
  name: 'DB',
  version: '1.0.0',
  tables: { T: { columns: { name: { type: 'string' } }, isRoot: true } },
});

describe('TableMonitoring', () => {
  it('tells batches that stay what they are, also when a listener looks at them later', () => {
    const monitoring = new TableMonitoring({
      database: 'DB',
      monitorId: 'm',
      requests: [{ table: 'T' }],
      known: schema,
      onListenerError: (_event, error) => {
        throw error;
      },
    });
    const batches: Batch[] = [];
    monitoring.events.on('batch', (batch) => batches.push(batch));
    const { replica } = monitoring;
    replica.adopt(schema);
    applySnapshot(replica, { format: 'v2', tables: { T: { [A]: { initial: { name: 'first' } } } } });
    replica.applyUpdates({ format: 'v2', tables: { T: { [A]: { modify: { name: 'second' } } } } }, 'update');
    expect(batches.map(({ cause, changes }) => [cause, changes.map(({ row }) => row.name)])).to.deep.equal([
      ['initial', ['first']],
      ['update', ['second']],
    ]);
  });
});
