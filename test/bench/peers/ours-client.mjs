// A client of the package as it is built, of both switch tables, with patience for any size of database.
import { connectNorthbound } from 'ovn-northbound';

export const connect = (remotes) =>
  connectNorthbound({
    remotes,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    readyTimeoutMs: 600_000,
    snapshotTimeoutMs: 600_000,
    maxMessageBytes: 2 ** 31,
    onWarning: () => undefined,
  });
