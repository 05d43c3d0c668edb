/**
 * `ovn-northbound/testing`: private ovsdb-servers, relays and clusters for the tests of programs that use the library.
 *
 * @packageDocumentation
 */
export { ClusterMember } from './cluster-member.js';
export { ClusterSandbox } from './cluster-sandbox.js';
export { isOvsdbServerInstalled } from './executable.js';
export { Sandbox } from './sandbox.js';

export type { ClusterSandboxOptions, ClusterWaitOptions, CutOptions } from './cluster-sandbox.js';
export type { ClusterStatus } from './cluster-status.js';
export type { EndingSignal } from './ovsdb-process.js';
export type { SandboxTls } from './pki.js';
export type { SandboxOptions } from './sandbox.js';
export type { SandboxSchema } from './sandbox-files.js';
