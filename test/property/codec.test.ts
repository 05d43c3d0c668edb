import { readFileSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { ValidationError } from '../../lib/errors.js';
import { northboundSchema } from '../../lib/nb/tables.js';
import { applyDiff, decodeColumn, encodeColumn } from '../../lib/schema/codec.js';
import { isEqualJson, isEqualSetJson } from '../../lib/schema/equal-json.js';
import type { ColumnSchema } from '../../lib/schema/schema.js';
import { parseSchema } from '../../lib/schema/schema.js';
import type { Atom, ColumnValue } from '../../lib/schema/types.js';
import { parseJson, stringifyJson } from '../../lib/wire/json.js';
import { everyColumnSchema } from '../unit/schema/every-column.js';
import { atomOf, mapOf, valueOf, wrongValueOf } from './column-values.js';

const SCHEMAS = new URL('../schemas/', import.meta.url);

const schemas = [
  parseSchema(everyColumnSchema),
  parseSchema(northboundSchema),
  ...readdirSync(SCHEMAS)
    .filter((name) => name.endsWith('.ovsschema'))
    .map((name) => parseSchema(JSON.parse(readFileSync(new URL(name, SCHEMAS), 'utf8')))),
];

/** One column for each type there is: hundreds of columns are optional strings. */
const columns = new Map<string, ColumnSchema>();
for (const schema of schemas) {
  for (const table of schema.tables.values()) {
    for (const column of table.columns.values()) {
      const type = stringifyJson([
        column.type.key,
        column.type.value ?? null,
        column.type.min,
        String(column.type.max),
      ]);
      if (!columns.has(type)) columns.set(type, column);
    }
  }
}

/** A value in a form that deep equality compares: maps by their pairs, in any order. */
function comparable(column: ColumnSchema, value: ColumnValue): unknown {
  if (column.kind === 'map') return new Map(Object.entries(value as Record<string, Atom>));
  return column.kind === 'set' ? [...(value as Atom[])] : value;
}

/** Keys of maps that are not strings in the database are read as text; reals may be sent as integers beyond 2^53. */
function isReadInAnotherForm({ kind, type: { key, value } }: ColumnSchema): boolean {
  return (kind === 'map' && key.type !== 'string') || key.type === 'real' || value?.type === 'real';
}

/** JSON that is nearly the same: elements swapped, doubled, left out, wrapped, too long, or with another tag. */
function garbled(json: unknown, choice: number): unknown[] {
  const wrapped = [['set', [json]], ['set', [json, json]], ['uuid', json], [json]];
  if (!Array.isArray(json)) return wrapped;
  const [tag, elements] = json as [unknown, unknown];
  const others: unknown[] = ['set', 'map', 'uuid', 'named-uuid', ''].map((otherTag) => [otherTag, elements]);
  others.push([tag, elements, elements]);
  if (!Array.isArray(elements)) return [...wrapped, ...others];
  const at = choice % (elements.length + 1);
  const first: unknown = elements[0];
  const arranged = [
    (elements as unknown[]).toReversed(),
    elements.toSpliced(at, 1),
    elements.toSpliced(at, 0, first),
    elements.map(() => first),
    elements.map((element: unknown) => (Array.isArray(element) ? [...(element as unknown[])].reverse() : [element])),
    elements.map((element: unknown) => (Array.isArray(element) ? [...(element as unknown[]), ''] : [element, ''])),
  ];
  return [...wrapped, ...others, ...arranged.map((elements) => [tag, elements])];
}

function throughText(json: unknown): unknown {
  return parseJson(stringifyJson(json), true);
}

describe('the codec, for a column of every type in every schema', () => {
  it('has columns of every type and kind to try', () => {
    expect(columns.size).to.be.greaterThan(60);
  });

  for (const column of columns.values()) {
    const name = `${column.table}.${column.name}`;

    it(`recognises what a column holds, and takes nothing else for it: ${name}`, () => {
      fc.assert(
        fc.property(valueOf(column), valueOf(column), fc.nat(), (value, other, choice) => {
          const json = throughText(encodeColumn(column, value));
          const held = decodeColumn(column, json);
          // Engines order keys that look like array indexes first; those maps are left to be decoded.
          const inOrder = column.kind !== 'map' || !Object.keys(held as object).some((key) => /^\d+$/.test(key));
          if (inOrder && !isReadInAnotherForm(column)) expect(isEqualJson(column, held, json)).to.equal(true);
          for (const changed of [...garbled(json, choice), throughText(encodeColumn(column, other)), undefined]) {
            const members = column.kind === 'set' ? (held as readonly Atom[]) : undefined;
            const isTaken =
              isEqualJson(column, held, changed) ||
              (members !== undefined && isEqualSetJson(column, members, members.length, changed));
            if (isTaken)
              expect(comparable(column, decodeColumn(column, changed))).to.deep.equal(comparable(column, held));
          }
        }),
      );
    });

    it(`reads back what was written: ${name}`, () => {
      fc.assert(
        fc.property(valueOf(column), (value) => {
          const read = decodeColumn(column, throughText(encodeColumn(column, value)));
          expect(comparable(column, read)).to.deep.equal(comparable(column, value));
        }),
        { numRuns: 40 },
      );
    });

    it(`refuses what breaks a rule: ${name}`, () => {
      fc.assert(
        fc.property(wrongValueOf(column), (value) => {
          expect(() => encodeColumn(column, value)).to.throw(ValidationError, name);
        }),
        { numRuns: 40 },
      );
    });
  }
});

describe('applyDiff', () => {
  const setColumns = [...columns.values()].filter((column) => column.kind === 'set');
  const mapColumns = [...columns.values()].filter((column) => column.kind === 'map' && column.type.max > 1);

  it('makes the new set from the old one and the difference that a server computes', () => {
    const scenario = fc.constantFrom(...setColumns).chain((column) => {
      const members = fc.uniqueArray(atomOf({ ...column.type.key, enum: undefined }), { maxLength: 12, comparator: 'SameValueZero' }); // prettier-ignore
      return fc.record({ column: fc.constant(column), old: members, next: members });
    });
    fc.assert(
      fc.property(scenario, ({ column, old, next }) => {
        const frozen = Object.freeze([...old]);
        const diff = [...old.filter((atom) => !next.includes(atom)), ...next.filter((atom) => !old.includes(atom))];
        const json = ['set', column.type.key.type === 'uuid' ? diff.map((uuid) => ['uuid', uuid]) : diff];
        const result = applyDiff(column, frozen, throughText(json)) as Atom[];
        expect(result).to.have.lengthOf(next.length);
        expect(new Set(result)).to.deep.equal(new Set(next));
      }),
      { numRuns: 400 },
    );
  });

  it('makes the new map from the old one and the difference that a server computes', () => {
    const scenario = fc.constantFrom(...mapColumns).chain((column) => {
      // Few keys, so that old and new maps share some.
      const key = fc.constantFrom(...KEYS[column.type.key.type]);
      const value = atomOf(column.type.value ?? column.type.key);
      const pairs = fc
        .array(fc.tuple(key, value), { maxLength: 8 })
        .map((list) => new Map(list.map(([k, v]) => [String(k), v])));
      const changes = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
      return fc.record({ column: fc.constant(column), old: pairs, next: pairs, keep: changes });
    });
    fc.assert(
      fc.property(scenario, ({ column, old, next, keep }) => {
        [...old].forEach(([key, value], i) => {
          if (keep[i] === true) next.set(key, value);
        });
        const diff = [
          ...[...old].filter(([key]) => !next.has(key)),
          ...[...next].filter(([key, value]) => old.get(key) !== value),
        ];
        const atomToJson = (type: string, atom: Atom | undefined): unknown => (type === 'uuid' ? ['uuid', atom] : atom);
        const { key: keyType, value: valueType } = column.type;
        const json = diff.map(([key, value]) => [
          atomToJson(
            keyType.type,
            KEYS[keyType.type].find((atom) => String(atom) === key),
          ),
          atomToJson(valueType?.type ?? 'string', value),
        ]);
        const result = applyDiff(column, Object.freeze(mapOf(old)), throughText(['map', json]));
        expect(comparable(column, result)).to.deep.equal(next);
      }),
      { numRuns: 400 },
    );
  });
});

const KEYS: Readonly<Record<ColumnSchema['type']['key']['type'], readonly Atom[]>> = {
  string: ['__proto__', 'constructor', 'toString', '0', '', 'a'],
  integer: [0, -1, 2n ** 60n, -(2n ** 63n), 5, 7],
  real: [0, 0.5, -1e300, 3, 1e-300, 7],
  boolean: [true, false],
  uuid: [1, 2, 3, 4, 5, 6].map((i) => `0000000${i}-89ab-4def-8123-456789abcdef`),
};
