/** Type tests of rows, inserts, updates, conditions and mutations: compiled by the type check, never run. */
import type { LogicalSwitchPortRow, NorthboundTables } from '../../lib/nb/tables.js';
import type {
  ColumnMutation,
  ColumnName,
  Condition,
  Insert,
  Integer,
  Mutations,
  ReadColumn,
  Row,
  TableName,
  UntypedTables,
  Update,
  Where,
} from '../../lib/schema/types.js';
import type { NamedUuid, Uuid } from '../../lib/schema/uuid.js';

/** Two generic functions are of one type only if their conditions are identical, which tells `any` and unions apart. */
type Probe<A> = <T>() => T extends A ? 1 : 2;
/** Compiles only if the two types are the same. */
declare function same<A, B>(...equal: Probe<A> extends Probe<B> ? [] : [never]): void;
/** Takes what would otherwise be unused. */
declare function use(...values: unknown[]): void;

type NB = NorthboundTables;
type Port = Row<NB, 'Logical_Switch_Port'>;
type PortUuid = Uuid<'Logical_Switch_Port'>;

declare const portUuid: PortUuid;
declare const switchUuid: Uuid<'Logical_Switch'>;
declare const anyUuid: Uuid;
declare const newPort: NamedUuid<'Logical_Switch_Port'>;
declare const newSwitch: NamedUuid<'Logical_Switch'>;

export function theComparisonWorks(): void {
  // @ts-expect-error -- never is not string
  same<string, never>();
  // @ts-expect-error -- nor is a union one of its members
  same<string | undefined, string>();
}

export function rows(): void {
  same<LogicalSwitchPortRow, Port>();
  same<Port['_uuid'], PortUuid>();
  same<Port['name'], string>();
  same<Port['tag'], number | undefined>();
  same<Port['up'], boolean | undefined>();
  same<Port['addresses'], readonly string[]>();
  same<Port['external_ids'], Readonly<Record<string, string>>>();
  same<Port['dhcpv4_options'], Uuid<'DHCP_Options'> | undefined>();
  same<Row<NB, 'Logical_Switch'>['ports'], readonly PortUuid[]>();
  same<Row<NB, 'ACL'>['direction'], 'from-lport' | 'to-lport'>();
  same<Row<NB, 'NB_Global'>['nb_cfg'], Integer>();

  // Some supported servers lack these columns.
  same<Port['health_checks'], readonly Uuid<'Logical_Switch_Port_Health_Check'>[] | undefined>();
  same<Row<NB, 'NB_Global'>['sb_cfg_timestamp'], Integer | undefined>();
}

export function rowsAreImmutable(port: Port): void {
  // @ts-expect-error -- a row cannot be written
  port.name = 'other';
  // @ts-expect-error -- nor can its sets
  port.addresses[0] = 'dynamic';
  // @ts-expect-error -- nor its maps
  port.external_ids['a'] = 'b';
  // @ts-expect-error -- and has only the columns of its table
  use(port.nmae);
}

export function uuidsAreBranded(): void {
  const asText: string = portUuid;
  use(asText);
  // @ts-expect-error -- a switch is not a port
  const wrongTable: PortUuid = switchUuid;
  use(wrongTable);
  // @ts-expect-error -- any text is not a uuid
  const text: PortUuid = '01234567-89ab-cdef-0123-456789abcdef';
  use(text);
  // @ts-expect-error -- a uuid of some table is not known to be a port's
  const some: PortUuid = anyUuid;
  use(some);
  const widened: Uuid = portUuid;
  use(widened);
  // @ts-expect-error -- the row of a switch is not that of a port
  const wrongRow: NamedUuid<'Logical_Switch_Port'> = newSwitch;
  use(wrongRow);
}

export function inserts(): Insert<NB, 'Logical_Switch_Port' | 'Logical_Switch' | 'ACL'>[] {
  const empty: Insert<NB, 'Logical_Switch_Port'> = {};
  const port: Insert<NB, 'Logical_Switch_Port'> = { name: 'a', tag: undefined, addresses: ['dynamic'], up: true };
  const ports: Insert<NB, 'Logical_Switch'> = { name: 's', ports: [portUuid, newPort] };
  const acl: Insert<NB, 'ACL'> = { action: 'allow', direction: 'to-lport', priority: 1, match: '1' };
  // @ts-expect-error -- the default of direction is not allowed, so it must be given
  const noDirection: Insert<NB, 'ACL'> = { action: 'allow' };
  // @ts-expect-error -- neither may it be undefined
  const undefinedDirection: Insert<NB, 'ACL'> = { action: 'allow', direction: undefined };
  // @ts-expect-error -- not a member of the enum
  const wrongAction: Insert<NB, 'ACL'> = { action: 'perhaps', direction: 'to-lport' };
  // @ts-expect-error -- not a column
  const unknownColumn: Insert<NB, 'Logical_Switch_Port'> = { nmae: 'a' };
  // @ts-expect-error -- not the column's type
  const wrongType: Insert<NB, 'Logical_Switch_Port'> = { tag: '5' };
  // @ts-expect-error -- a set is an array
  const notASet: Insert<NB, 'Logical_Switch_Port'> = { addresses: 'dynamic' };
  // @ts-expect-error -- null is not "none"
  const nullTag: Insert<NB, 'Logical_Switch_Port'> = { tag: null };
  // @ts-expect-error -- a reference to another table
  const wrongReference: Insert<NB, 'Logical_Switch'> = { ports: [switchUuid] };
  // @ts-expect-error -- a new row of another table
  const wrongNamed: Insert<NB, 'Logical_Switch'> = { ports: [newSwitch] };
  // @ts-expect-error -- a table that the database lacks
  type NoTable = Insert<NB, 'Logical_Swich'>;
  const never: NoTable[] = [];
  use(never);
  return [empty, port, ports, acl, noDirection, undefinedDirection, wrongAction, unknownColumn, wrongType, notASet, nullTag, wrongReference, wrongNamed]; // prettier-ignore
}

interface Ledger {
  readonly serial: { readonly kind: 'scalar'; readonly atom: number; readonly flags: 'immutable' };
  readonly remark: { readonly kind: 'optional'; readonly atom: string; readonly flags: never };
}
interface LedgerTables {
  readonly Ledger: Ledger;
}

export function updates(): unknown[] {
  const clear: Update<NB, 'Logical_Switch_Port'> = { tag: undefined, addresses: [], external_ids: {} };
  const some: Update<NB, 'Logical_Switch'> = { ports: [newPort] };
  const insertSerial: Insert<LedgerTables, 'Ledger'> = { serial: 1 };
  // @ts-expect-error -- an immutable column is for inserts only
  const immutable: Update<LedgerTables, 'Ledger'> = { serial: 2 };
  // @ts-expect-error -- nor can it be mutated
  const mutated: Mutations<LedgerTables, 'Ledger'> = { serial: { add: 1 } };
  // @ts-expect-error -- the identity of a row cannot be changed
  const identity: Update<NB, 'Logical_Switch_Port'> = { _uuid: portUuid };
  // @ts-expect-error -- not a column
  const unknownColumn: Update<NB, 'Logical_Switch_Port'> = { nmae: 'a' };
  return [clear, some, insertSerial, immutable, mutated, identity, unknownColumn];
}

export function conditions(): unknown[] {
  const good: Condition<NB, 'Logical_Switch_Port'>[] = [
    ['name', '==', 'a'],
    ['tag', '<', 5],
    ['_uuid', '==', portUuid],
    ['external_ids', 'includes', { a: 'b' }],
    ['addresses', 'excludes', ['unknown']],
    ['tag', '==', undefined],
  ];
  const wheres: Where<NB, 'Logical_Switch_Port'>[] = [portUuid, newPort, good, []];
  // @ts-expect-error -- not a column
  const unknownColumn: Condition<NB, 'Logical_Switch_Port'> = ['nmae', '==', 'a'];
  // @ts-expect-error -- not the column's type
  const wrongType: Condition<NB, 'Logical_Switch_Port'> = ['name', '==', 5];
  // @ts-expect-error -- not a function
  const wrongFunction: Condition<NB, 'Logical_Switch_Port'> = ['name', '=', 'a'];
  // @ts-expect-error -- a row of another table
  const wrongRow: Where<NB, 'Logical_Switch_Port'> = switchUuid;
  return [good, wheres, unknownColumn, wrongType, wrongFunction, wrongRow];
}

export function mutations(): unknown[] {
  const good: Mutations<NB, 'Logical_Switch_Port'> = {
    addresses: { insert: ['dynamic'], delete: ['unknown'] },
    external_ids: { set: { a: 'b' }, delete: ['c'] },
    tag_request: { add: 1 },
    options: { delete: { a: 'b' }, insert: { c: 'd' } },
  };
  const counter: Mutations<NB, 'NB_Global'> = { nb_cfg: { add: 1n } };
  const references: Mutations<NB, 'Logical_Switch'> = { ports: { insert: [newPort], delete: [portUuid] } };
  // @ts-expect-error -- text cannot be added to
  const arithmetic: Mutations<NB, 'Logical_Switch_Port'> = { name: { add: 1 } };
  // @ts-expect-error -- a scalar has no members
  const scalar: ColumnMutation<NB['NB_Global']['nb_cfg']> = { insert: [1] };
  // @ts-expect-error -- a set has no pairs
  const pairs: Mutations<NB, 'Logical_Switch_Port'> = { addresses: { set: { a: 'b' } } };
  // @ts-expect-error -- a reference to another table
  const wrongReference: Mutations<NB, 'Logical_Switch'> = { ports: { insert: [switchUuid] } };
  // @ts-expect-error -- not a column
  const unknownColumn: Mutations<NB, 'Logical_Switch_Port'> = { nmae: { add: 1 } };
  return [good, counter, references, arithmetic, scalar, pairs, wrongReference, unknownColumn];
}

export function untyped(row: Row<UntypedTables, string>): unknown[] {
  same<TableName<UntypedTables>, string>();
  same<ColumnName<UntypedTables, string>, string>();
  const value: ReadColumn<UntypedTables[string][string]> = row['anything'];
  const insert: Insert<UntypedTables, 'Any'> = { a: 1, b: [portUuid, newPort], c: { d: true }, e: undefined };
  const update: Update<UntypedTables, 'Any'> = { a: undefined, b: newPort };
  const where: Where<UntypedTables, 'Any'> = [['a', 'includes', ['x']]];
  const mutation: Mutations<UntypedTables, 'Any'> = { a: { add: 1 }, b: { insert: ['x'] } };
  // @ts-expect-error -- a date is no column value
  const date: Insert<UntypedTables, 'Any'> = { a: new Date() };
  return [value, insert, update, where, mutation, date];
}
