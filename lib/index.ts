/**
 * TypeScript client for the OVN Northbound database and any other OVSDB database, and fixed addresses for the pods of
 * Kubernetes StatefulSets on top of it.
 *
 * @packageDocumentation
 */
export { OvsdbClient } from './client/client.js';
export { LockRefusedError } from './client/lock/lock.js';
export { MonitoredTables } from './client/monitored-tables.js';
export { DIAGNOSTICS_CHANNELS } from './diagnostics.js';
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
  ServerUnfitError,
  TimeoutError,
  ValidationError,
} from './errors.js';
export { AddressError, InvalidPoolError } from './ipam/errors.js';
export { MAX_POOL_ADDRESSES, parsePool } from './ipam/pool.js';
export { parseMac, randomMac } from './ipam/mac.js';
export { formatIpRangeList, parseIpRangeList } from './ipam/range.js';
export { formatPortAddress, parsePortAddress, parsePortAddresses, readPortAddress } from './nb/addresses.js';
export { connectNorthbound, DEFAULT_TABLES, NorthboundClient, STATEFULSET_KEY } from './nb/northbound.js';
export { NorthboundError } from './nb/northbound-error.js';
export { occupiedAddresses } from './nb/occupied-addresses.js';
export { formatPortSecurity, parsePortSecurity, readPortSecurity } from './nb/port-security.js';
export {
  lspAdd,
  lspDel,
  lspGet,
  lspGetAddresses,
  lspGetEnabled,
  lspGetLs,
  lspGetOptions,
  lspGetParent,
  lspGetPortSecurity,
  lspGetTag,
  lspGetType,
  lspGetUp,
  lspList,
  lspSetAddresses,
  lspSetDhcpv4Options,
  lspSetDhcpv6Options,
  lspSetEnabled,
  lspSetOptions,
  lspSetPortSecurity,
  lspSetType,
  PORT_TYPES,
} from './nb/ports.js';
export { lsAdd, lsDel, lsGet, lsList } from './nb/switches.js';
export { northboundSchema } from './nb/tables.js';
export { generateTables } from './schema/generate.js';
export { DatabaseSchema, parseSchema, TableSchema } from './schema/schema.js';
export { isUuid, NamedUuid, ZERO_UUID } from './schema/uuid.js';
export { AUDIT_KINDS } from './statefulset/audit/audit-finding.js';
export { FORMAT_VERSION, KEY_PREFIX, PORT_KEYS } from './statefulset/managed-port.js';
export { StatefulSetPortManager } from './statefulset/manager.js';
export { isPortError, PortError } from './statefulset/port-error.js';
export { GENERATION_KEY } from './statefulset/switches/switch-flights.js';
export { IP_ADDRESS_ANNOTATION, IP_POOL_ANNOTATION, MAC_ADDRESS_ANNOTATION } from './statefulset/workload.js';
export { Pending } from './transaction/pending.js';
export { transactOnce } from './transaction/once.js';
export { Transaction } from './transaction/builder.js';
export { TransactionError } from './transaction/transaction-error.js';

export type {
  ClientMetrics,
  ConnectionMetrics,
  ReplicaMetrics,
  SyncMetrics,
  TrafficMetrics,
  TransactionMetrics,
} from './client/client-metrics.js';
export type {
  ClientOptions,
  ConnectionOptions,
  SelectionOf,
  RowConditions,
  TableChoice,
  TableOptions,
} from './client/client-options.js';
export type { ClientEvents, ClientState, ClientWarning } from './client/client-state.js';
export type { MonitorOptions } from './client/client.js';
export type { NewConditions } from './client/monitored-tables.js';
export type { MonitorEvents } from './client/table-monitoring.js';
export type { ServerStatus } from './client/server-database.js';
export type { Lock, LockEvents, LockOptions } from './client/lock/lock.js';
export type { LatencyBucket, LatencySnapshot } from './client/latency-histogram.js';
export type {
  DiagnosticsMessages,
  OverflowMessage,
  StateMessage,
  SyncMessage,
  TransactionMessage,
  WarningMessage,
} from './diagnostics.js';
export type { Ip, IpFamily } from './ipam/address.js';
export type { PoolFault } from './ipam/errors.js';
export type { Pool, PoolEntry } from './ipam/pool.js';
export type { RandomBytes } from './ipam/random.js';
export type { IpRange } from './ipam/range.js';
export type { SubnetOptions } from './ipam/subnet.js';
export type { DynamicPortAddress, InvalidPortAddress, PortAddress, StaticPortAddress } from './nb/addresses.js';
export type { NorthboundErrorCode } from './nb/northbound-error.js';
export type { ConfigurationSelection, NorthboundOptions, SyncOptions } from './nb/northbound.js';
export type { OccupiedAddresses, PortAddressColumns } from './nb/occupied-addresses.js';
export type { AllowedIp, InvalidPortSecurity, PortSecurity, VirtualMac } from './nb/port-security.js';
export type { LspAddOptions, PortReference, PortRow } from './nb/ports.js';
export type {
  DeleteOptions,
  LsAddOptions,
  SwitchOnlyReader,
  SwitchReader,
  SwitchRow,
  SwitchSelection,
  SwitchTransaction,
} from './nb/switches.js';
export type {
  ACLColumns,
  ACLRow,
  AddressSetColumns,
  AddressSetRow,
  BFDColumns,
  BFDRow,
  ChassisTemplateVarColumns,
  ChassisTemplateVarRow,
  ConnectionColumns,
  ConnectionRow,
  CoppColumns,
  CoppRow,
  DHCPOptionsColumns,
  DHCPOptionsRow,
  DHCPRelayColumns,
  DHCPRelayRow,
  DNSColumns,
  DNSRow,
  ForwardingGroupColumns,
  ForwardingGroupRow,
  GatewayChassisColumns,
  GatewayChassisRow,
  HAChassisColumns,
  HAChassisGroupColumns,
  HAChassisGroupRow,
  HAChassisRow,
  LoadBalancerColumns,
  LoadBalancerGroupColumns,
  LoadBalancerGroupRow,
  LoadBalancerHealthCheckColumns,
  LoadBalancerHealthCheckRow,
  LoadBalancerRow,
  LogicalRouterColumns,
  LogicalRouterPolicyColumns,
  LogicalRouterPolicyRow,
  LogicalRouterPortColumns,
  LogicalRouterPortRow,
  LogicalRouterRow,
  LogicalRouterStaticRouteColumns,
  LogicalRouterStaticRouteRow,
  LogicalSwitchColumns,
  LogicalSwitchPortColumns,
  LogicalSwitchPortHealthCheckColumns,
  LogicalSwitchPortHealthCheckRow,
  LogicalSwitchPortRow,
  LogicalSwitchRow,
  MeterBandColumns,
  MeterBandRow,
  MeterColumns,
  MeterRow,
  MirrorColumns,
  MirrorRow,
  MirrorRuleColumns,
  MirrorRuleRow,
  NATColumns,
  NATRow,
  NBGlobalColumns,
  NBGlobalRow,
  NetworkFunctionColumns,
  NetworkFunctionGroupColumns,
  NetworkFunctionGroupRow,
  NetworkFunctionHealthCheckColumns,
  NetworkFunctionHealthCheckRow,
  NetworkFunctionRow,
  NorthboundTables,
  PortGroupColumns,
  PortGroupRow,
  QoSColumns,
  QoSRow,
  SampleCollectorColumns,
  SampleCollectorRow,
  SampleColumns,
  SampleRow,
  SamplingAppColumns,
  SamplingAppRow,
  SSLColumns,
  SSLRow,
  StaticMACBindingColumns,
  StaticMACBindingRow,
} from './nb/tables.js';
export type { ChangesOptions, ChangesOverflow } from './replica/changes.js';
export type { MonitorMethod } from './replica/monitor-method.js';
export type { Batch, RowChange } from './replica/replica.js';
export type { RowData } from './replica/row.js';
export type { IndexPart } from './replica/table-index.js';
export type { ReplicaTable, RowMatch, RowOf, TableEvents, UntilOptions } from './replica/table.js';
export type { ReplicaTables, Selection, WholeTables } from './replica/tables.js';
export type { GenerateOptions } from './schema/generate.js';
export type { BaseType, ColumnKind, ColumnSchema, ColumnType } from './schema/schema.js';
export type {
  AtomicType,
  BaseTypeJson,
  ColumnSchemaJson,
  ColumnTypeJson,
  DatabaseSchemaJson,
  TableSchemaJson,
} from './schema/schema-json.js';
export type {
  AnyColumn,
  ArithmeticMutation,
  Atom,
  ColumnFlag,
  ColumnMutation,
  ColumnName,
  ColumnValue,
  Condition,
  ConditionFunction,
  DatabaseTables,
  Insert,
  Integer,
  MapColumn,
  Mutations,
  OptionalColumn,
  ReadColumn,
  Reference,
  Row,
  ScalarColumn,
  SetColumn,
  SetMutation,
  TableName,
  UntypedTables,
  Update,
  Where,
  WriteColumn,
} from './schema/types.js';
export type { Uuid } from './schema/uuid.js';
export type {
  IpPair,
  ManagedPort,
  ManagedPortRow,
  PodPort,
  PortAddresses,
  PortColumns,
} from './statefulset/managed-port.js';
export type {
  AmbiguousSwitchFinding,
  AuditFinding,
  ChangedAddressesFinding,
  ForeignPortFinding,
  OutsideSubnetFinding,
  SharedAddressFinding,
  UnreadablePortFinding,
  WrongNameFinding,
  WrongSwitchFinding,
} from './statefulset/audit/audit-finding.js';
export type { Capacity } from './statefulset/audit/capacity.js';
export type {
  AdoptOptions,
  ApplyOptions,
  CallOptions,
  PruneOptions,
  ReleaseOptions,
  StatefulSetPortManagerOptions,
} from './statefulset/manager-options.js';
export type {
  AdoptedPort,
  AdoptResult,
  ApplyResult,
  PlanResult,
  PodDeletedResult,
  PodOutcome,
  PodOutcomeOk,
  PruneResult,
  RefusedPod,
  ReleaseResult,
  StatefulSetPortManagerEvents,
} from './statefulset/manager-results.js';
export type { OnDrift, OnRecreate, PortDrift } from './statefulset/plan/pod-plan.js';
export type { AddressFault, PortErrorCode, PortErrorDetails, PortErrorSubject } from './statefulset/port-error.js';
export type { PortSettings, PortSettingsSource, SettingsSubject } from './statefulset/settings/port-settings.js';
export type { NamespaceSubnet, NamespaceSubnets } from './statefulset/switches/site.js';
export type { ManagerClient, ManagerSelection } from './statefulset/switches/switch-index.js';
export type { ObjectMetaLike, PodLike, StatefulSetLike } from './statefulset/workload.js';
export type { TransactOptions } from './transaction/commit.js';
export type { Fence, OnceClient, OnceResult } from './transaction/once.js';
export type { Operation, OperationResult } from './transaction/operations.js';
export type { Resolved } from './transaction/pending.js';
export type {
  SentTransaction,
  TransactionErrorCode,
  TransactionFault,
  TransactionOutcome,
} from './transaction/transaction-error.js';
export type {
  ActiveRemote,
  PassiveRemote,
  PassiveSslRemote,
  PassiveTcpRemote,
  PassiveUnixRemote,
  Remote,
  SslRemote,
  TcpRemote,
  UnixRemote,
} from './wire/remote.js';
export type { ConnectLimits, OpenStream, Stream, StreamHandlers } from './wire/stream.js';
export type { TlsOptions } from './wire/tls.js';
export type { WaitLimits } from './wait-list.js';
export type { UnfitReason } from './errors.js';
