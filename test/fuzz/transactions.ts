/** What happens in the recorded databases: rows of every kind come, change in every way, and go. */

/** The operations of one transaction (RFC 7047 §5.2). */
export type Operations = readonly object[];

const set = (...members: readonly unknown[]): unknown => ['set', members];
const map = (...pairs: readonly (readonly [unknown, unknown])[]): unknown => ['map', pairs];
const named = (name: string): unknown => ['named-uuid', name];
const uuid = (digit: string): unknown => ['uuid', `${digit.repeat(8)}-0000-4000-8000-00000000000${digit}`];
const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `member ${from + i}`);

function insert(table: string, row: object, name?: string): object {
  return { op: 'insert', table, row, ...(name === undefined ? {} : { 'uuid-name': name }) };
}
function update(table: string, row: object, where: readonly unknown[] = []): object {
  return { op: 'update', table, where, row };
}
function mutate(table: string, mutations: readonly unknown[], where: readonly unknown[] = []): object {
  return { op: 'mutate', table, where, mutations };
}

const everything = {
  integer: -42,
  integer_range: 7,
  integer_min: 3,
  integer_enum: 5,
  integer_set: set(1, 9007199254740991, -3),
  real: 0.25,
  real_range: -1.5,
  real_optional: 1e300,
  real_set: set(0.5, 1e-30, 3),
  boolean: true,
  boolean_optional: false,
  boolean_set: set(true, false),
  string: 'Grüße, 世界 🦆 "quoted" \\ \n',
  string_length: 'ab',
  string_enum: 'b',
  string_set: set('x', 'set', '__proto__'),
  string_some: set('a', 'b'),
  uuid: uuid('a'),
  uuid_optional: uuid('b'),
  strong: named('target0'),
  strong_set: set(named('target0'), named('target1')),
  weak_set: set(named('target1'), named('target2')),
  map: map(['__proto__', 'p'], ['constructor', 'c'], ['toString', 't'], ['', 'empty'], ['0', 'zero']),
  map_integer_boolean: map([1, true], [-7, false]),
  map_single: map(['key', 4]),
  map_real_real: map([0.5, 2], [-1e10, 1e-10]),
  map_boolean_string: map([true, 'yes'], [false, 'no']),
  map_uuid_strong: map([uuid('c'), named('target2')]),
  immutable: 12,
  ephemeral: 'gone soon',
};

/** The first one is there before anybody monitors. */
export const fuzzTransactions: readonly Operations[] = [
  [
    ...names(150).map((text) => insert('Padding', { text: text.repeat(20) })),
    ...[0, 1, 2, 3].map((i) => insert('Target', { name: `t${i}` }, `target${i}`)),
    insert('Every', everything),
    insert('Every', { integer_enum: 0, string_some: 'one', strong: named('target3') }),
    insert('constructor', { toString: 'a', hasOwnProperty: map(['hasOwnProperty', '1']), valueOf: 'v', then: 4 }),
    insert('constructor', { toString: '__proto__' }),
    insert('Switch', { name: 'big', members: set(...names(90)), ports: named('target0') }),
    insert('Switch', { name: 'small', tag: 5, members: set('one', 'two'), external_ids: map(['k', 'v'], ['l', 'w']) }),
  ],
  [update('Every', { integer: 1, real: 2.5, string: 'changed', map: map(['__proto__', 'q'], ['new', 'n']) })],
  [mutate('Switch', [['members', 'insert', set('three', 'four')]])],
  [mutate('Switch', [['members', 'delete', set('one', 'member 3', 'member 4')]])],
  [mutate('Switch', [['external_ids', 'insert', map(['__proto__', 'x'], ['m', 'y'])]], [['name', '==', 'small']])],
  [update('Switch', { tag: set() }), update('constructor', { then: set(), valueOf: set('w', 'x') })],
  [update('Every', { integer_set: set(1, 4), boolean_optional: set(), uuid_optional: set(), map_single: map() })],
  [
    insert('Target', { name: 't9' }, 'new'),
    mutate('Switch', [['ports', 'insert', named('new')]], [['name', '==', 'big']]),
  ],
  [update('Switch', { members: set(...names(80, 50)) }, [['name', '==', 'small']])],
  [insert('Switch', { name: 'third', members: set(...names(70)) }), insert('constructor', { toString: 'third' })],
  [update('Every', { map_real_real: map([0.5, 3], [7, 7]), real_set: set(0.5, 7), boolean_set: set() })],
  [update('Every', { map_integer_boolean: map([1, false]), map_boolean_string: map([true, 'no']) })],
  [{ op: 'delete', table: 'Switch', where: [['name', '==', 'third']] }, update('Switch', { name: 'renamed', tag: 1 }, [['name', '==', 'small']])], // prettier-ignore
  [update('Switch', { members: set('few') }, [['name', '==', 'big']])],
  [{ op: 'delete', table: 'Every', where: [['immutable', '==', 12]] }],
  [insert('Target', { name: 'kept' }, 'kept'), insert('Every', { ...everything, strong: named('kept'), strong_set: named('kept'), weak_set: set(), map_uuid_strong: map() })], // prettier-ignore
];

function port(i: number): object {
  return {
    name: `port-${i}`,
    addresses: `0a:58:0a:10:00:0${i} 10.16.0.${i}`,
    port_security: `0a:58:0a:10:00:0${i} 10.16.0.${i}`,
    external_ids: map(['namespace', 'default'], ['pod', `web-${i}`]),
    ...(i % 2 === 0 ? { up: true } : {}),
  };
}

export const northboundTransactions: readonly Operations[] = [
  [
    insert('NB_Global', { name: 'global', options: map(['mac_prefix', '0a:58:0a']) }),
    ...[1, 2, 3, 4].map((i) => insert('Logical_Switch_Port', port(i), `p${i}`)),
    insert('Logical_Switch', { name: 'product', ports: set(...[1, 2, 3, 4].map((i) => named(`p${i}`))), other_config: map(['subnet', '10.16.0.0/24']) }), // prettier-ignore
    ...names(40).map((name) => insert('Address_Set', { name: name.replace(' ', '_'), addresses: set('10.0.0.1', '10.0.0.2') })), // prettier-ignore
  ],
  [update('NB_Global', { nb_cfg: 4 })],
  [
    insert('Logical_Switch_Port', port(5), 'p5'),
    mutate('Logical_Switch', [['ports', 'insert', named('p5')]], [['name', '==', 'product']]),
  ],
  [update('Logical_Switch_Port', { up: true }, [['name', '==', 'port-1']])],
  [update('Logical_Switch_Port', { addresses: 'dynamic', dynamic_addresses: '0a:58:0a:10:00:03 10.16.0.9', tag: 5 }, [['name', '==', 'port-3']])], // prettier-ignore
  [
    insert('ACL', { action: 'allow', direction: 'to-lport', match: 'ip4', priority: 1001 }, 'acl'),
    mutate('Logical_Switch', [['acls', 'insert', named('acl')]]),
  ],
  [mutate('Logical_Switch', [['other_config', 'insert', map(['exclude_ips', '10.16.0.1'])]])],
  [{ op: 'delete', table: 'Address_Set', where: [['name', '==', 'member_1']] }],
  [update('Logical_Switch', { ports: set(), acls: set() })],
];

/** Transactions for their replies: results of every operation and errors of several kinds. */
export const refusedTransactions: readonly Operations[] = [
  [
    { op: 'select', table: 'Every', where: [] },
    { op: 'comment', comment: 'x' },
    insert('constructor', { toString: 'fourth' }),
    mutate('Switch', [['tag', '+=', 1]]),
  ],
  [insert('constructor', { toString: 'a' })],
  [insert('Switch', { name: 5 }), { op: 'comment', comment: 'not reached' }],
  [{ op: 'abort' }],
  [{ op: 'no such operation' }],
  [{ op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '==', rows: [], timeout: 0 }],
  [insert('Every', { strong: uuid('d'), integer_enum: 0 })],
  [update('Switch', { name: 'x', tag: 1, no_such_column: 1 })],
];
