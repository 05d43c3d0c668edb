/**
 * TypeScript client for the OVN Northbound database and any other OVSDB database.
 *
 * @packageDocumentation
 */
export {
  ClosedError,
  ConnectFailedError,
  ConnectionLostError,
  InvalidArgumentError,
  InvalidRemoteError,
  NotMonitoredError,
  OvsdbError,
  ProtocolError,
  RpcError,
  SchemaError,
  TimeoutError,
  ValidationError,
} from './errors.js';
export { isUuid, NamedUuid, ZERO_UUID } from './schema/uuid.js';

export type { Uuid } from './schema/uuid.js';
