// ours-sync.mjs ENDPOINT: one first synchronisation of all columns of both switch tables, by the package as it is built.
// Prints one line of JSON: c_complete_ms since the client was asked to connect, then memory after a collection, if
// node was started with --expose-gc.
import { performance } from 'node:perf_hooks';

import { connect } from './ours-client.mjs';

const [remotes] = process.argv.slice(2);
const startedAt = performance.now();
const client = await connect(remotes);
const c_complete_ms = performance.now() - startedAt;
globalThis.gc?.();
const { rss, heapUsed } = process.memoryUsage();
const ports = client.tables.Logical_Switch_Port.size;
console.log(JSON.stringify({ c_complete_ms, rss_mb: rss / 1048576, heap_mb: heapUsed / 1048576, ports }));
process.exit(0);
