/**
 * `ovn-northbound/testing`: private ovsdb-servers for the tests of programs that use the library.
 *
 * @packageDocumentation
 */
export { isOvsdbServerInstalled } from './executable.js';
export { Sandbox } from './sandbox.js';

export type { EndingSignal } from './ovsdb-process.js';
export type { SandboxTls } from './pki.js';
export type { SandboxOptions } from './sandbox.js';
export type { SandboxSchema } from './sandbox-files.js';
