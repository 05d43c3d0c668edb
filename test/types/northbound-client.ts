/** Compiled only: what a client does not replicate cannot be read or waited for. */
import { connectNorthbound, lspList, type NorthboundClient } from '../../lib/index.js';

const nb: NorthboundClient = await connectNorthbound({ remotes: 'unix:/nowhere' });
void nb.sync('sb');
void nb.portUp('vm1');
lspList(nb, 'product');

const switches = await connectNorthbound({ remotes: 'unix:/nowhere', tables: ['Logical_Switch'] });
// @ts-expect-error -- NB_Global is not replicated
void switches.sync('sb');
// @ts-expect-error -- Logical_Switch_Port is not replicated
void switches.portUp('vm1');
// @ts-expect-error -- Logical_Switch_Port is not replicated
switches.tables.Logical_Switch_Port;
// @ts-expect-error -- Logical_Switch_Port is not replicated
lspList(switches, 'product');

const names = await connectNorthbound({ remotes: 'unix:/nowhere', tables: { Logical_Switch: { columns: ['name'] } } });
const name: string | undefined = names.tables.Logical_Switch.find({ name: 'product' })?.name;
name;
// @ts-expect-error -- only the name is replicated
names.tables.Logical_Switch.find({ name: 'product' })?.ports;
