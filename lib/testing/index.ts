/**
 * `ovn-northbound/testing`: for the tests of programs that use the library, an OVSDB server in memory, and private
 * ovsdb-servers, relays and clusters. Nothing in here is for production.
 *
 * @packageDocumentation
 */
export { ClusterMember } from './cluster-member.js';
export { ClusterSandbox } from './cluster-sandbox.js';
export { EmbeddedServer } from './embedded-server.js';
export { isOvsdbServerInstalled } from './executable.js';
export { manualClock } from '../server/clock.js';
export { Sandbox } from './sandbox.js';

export type { ClusterSandboxOptions, ClusterWaitOptions, CutOptions } from './cluster-sandbox.js';
export type { ClusterStatus } from './cluster-status.js';
export type { EmbeddedMember, EmbeddedServerOptions, FailoverOptions } from './embedded-server.js';
export type { EndingSignal } from './ovsdb-process.js';
export type { EmbeddedClock, ManualClock } from '../server/clock.js';
export type { EmbeddedConnection } from '../server/embedded-connection.js';
export type { Dump, DumpedAtom, DumpedRow, DumpedValue, DumpOptions } from '../server/dump-types.js';
export type { DropReplyOptions } from '../server/faults.js';
export type { Seed, SeedRow } from '../server/seed-types.js';
export type { RecordedTransaction, TransactionLog } from '../server/transaction-log.js';
export type { SandboxTls } from './pki.js';
export type { SandboxOptions } from './sandbox.js';
export type { SandboxSchema } from './sandbox-files.js';
