import { inspect } from 'node:util';
import { expect } from 'chai';
import { ValidationError } from '../../../lib/errors.js';
import { encodeColumn, encodeCondition, encodeMutation } from '../../../lib/schema/codec.js';
import type { Mutator } from '../../../lib/schema/codec.js';
import type { ConditionFunction } from '../../../lib/schema/types.js';
import { NamedUuid } from '../../../lib/schema/uuid.js';
import { every } from './every-column.js';

const UUID_1 = '11111111-89ab-4def-8123-456789abcdef';

function refusal(run: () => unknown): ValidationError {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(ValidationError);
    return error as ValidationError;
  }
  throw new Error('a ValidationError was expected');
}

describe('encodeColumn', () => {
  const accepted: [string, unknown, unknown][] = [
    ['integer', 5, 5],
    ['integer', 5n, 5],
    ['integer', 2n ** 63n - 1n, 2n ** 63n - 1n],
    ['integer', -(2n ** 63n), -(2n ** 63n)],
    ['integer_range', -5, -5],
    ['integer_enum', 7n, 7],
    ['integer_min', undefined, ['set', []]],
    ['integer_set', [3, 1], ['set', [3, 1]]],
    ['integer_set', new Set([3, 1]), ['set', [3, 1]]],
    ['integer_set', undefined, ['set', []]],
    ['real', 1.5, 1.5],
    ['real', 1e308, 1e308],
    ['boolean', false, false],
    ['string', 'ü€😀￿', 'ü€😀￿'],
    ['string', '', ''],
    ['string_length', '😀😀😀', '😀😀😀'],
    ['string_set', ['a'], ['set', ['a']]],
    ['uuid', UUID_1.toUpperCase(), ['uuid', UUID_1]],
    ['uuid', new NamedUuid('Other', 'row1'), ['named-uuid', 'row1']],
    ['strong', new NamedUuid('Target', 'row1'), ['named-uuid', 'row1']],
    ['map', { a: 'b' }, ['map', [['a', 'b']]]],
    ['map', undefined, ['map', []]],
    ['map', new Map([['a', 'b']]), ['map', [['a', 'b']]]],
    ['map', JSON.parse('{"__proto__":"x"}'), ['map', [['__proto__', 'x']]]],
    ['map', Object.assign(Object.create(null), { a: 'b' }), ['map', [['a', 'b']]]],
    ['map_integer_boolean', { '-3': true }, ['map', [[-3, true]]]],
    ['map_integer_boolean', new Map([[2n ** 60n, true]]), ['map', [[2n ** 60n, true]]]],
    ['map_real_real', { '0.5': 1 }, ['map', [[0.5, 1]]]],
    ['map_boolean_string', { true: 'x' }, ['map', [[true, 'x']]]],
    ['map_uuid_strong', { [UUID_1.toUpperCase()]: UUID_1 }, ['map', [[['uuid', UUID_1], ['uuid', UUID_1]]]]], // prettier-ignore
    ['immutable', 3, 3],
  ];
  for (const [name, value, json] of accepted) {
    it(`encodes ${inspect(value)} for the column ${name}`, () => {
      expect(encodeColumn(every(name), value)).to.deep.equal(json);
    });
  }

  it('turns minus zero, which JSON does not know, into zero', () => {
    expect(Object.is(encodeColumn(every('real'), -0), 0)).to.equal(true);
    expect(Object.is(encodeColumn(every('integer'), -0), 0)).to.equal(true);
  });

  const refused: [string, unknown, string][] = [
    ['integer', undefined, 'always holds a value'],
    ['integer', null, 'use undefined'],
    ['integer', '5', 'must be an integer'],
    ['integer', 1.5, 'must be an integer'],
    ['integer', NaN, 'must be an integer'],
    ['integer', 2 ** 53, 'must be given as a bigint'],
    ['integer', 2n ** 63n, 'must fit 64 bits'],
    ['integer_range', 11, 'must be at most 10'],
    ['integer_range', -6n, 'must be at least -5'],
    ['integer_enum', 6, 'must be one of 0, 5, 7'],
    ['integer_min', 0, 'must be at least 1'],
    ['integer_min', [1], 'must be an integer'],
    ['integer_min', null, 'use undefined'],
    ['integer_set', 3, 'must be an array'],
    ['integer_set', null, 'use []'],
    ['integer_set', [1, 2, 3, 4], 'has 4 members, and must have at most 3'],
    ['integer_set', [1, 1n], 'is in the set twice'],
    ['integer_set', [1, undefined], 'must be an integer'],
    ['real', 1n, 'must be a number'],
    ['real', NaN, 'must be a finite number'],
    ['real', Infinity, 'must be a finite number'],
    ['real', 5e-324, 'must be 0 or'],
    ['real', Number.MAX_VALUE, 'must be 0 or'],
    ['real_range', 2.6, 'must be at most 2.5'],
    ['real_set', [0, -0], 'is in the set twice'],
    ['real_set', [0.3, 0.1 + 0.2], 'is in the set twice'],
    ['map_real_real', { 0.3: 1, [0.1 + 0.2]: 2 }, 'is a key of the map twice'],
    ['boolean', 1, 'must be a boolean'],
    ['string', 5, 'must be a string'],
    ['string', 'a\0b', 'must not contain a NUL'],
    ['string', 'a\ud800b', 'must not contain an unpaired surrogate'],
    ['string', '\udc00\ud800', 'must not contain an unpaired surrogate'],
    ['string_length', '😀', 'must have at least 2 characters'],
    ['string_length', 'abcd', 'must have at most 3 characters'],
    ['string_enum', 'c', 'must be one of "", "a", "b"'],
    ['string_set', ['a', 'a'], 'is in the set twice'],
    ['string_set', 'a', 'must be an array'],
    ['string_some', [], 'must have at least 1 member'],
    ['string_some', undefined, 'must have at least 1 member'],
    ['uuid', 'abc', 'must be a uuid'],
    ['string', new NamedUuid('Target', 'r'), 'must be a string'],
    ['strong', new NamedUuid('Every', 'r'), 'must be a row of Target, not of Every'],
    ['strong_set', [UUID_1, UUID_1.replace('ab', 'AB')], 'is in the set twice'],
    ['map', { a: 1 }, 'must be a string'],
    ['map', { a: undefined }, 'must be a string (value of key "a")'],
    ['map', { 'a\0': 'b' }, 'must not contain a NUL'],
    ['map', null, 'use {}'],
    ['map', [['a', 'b']], 'must be a plain object or a Map'],
    ['map', new Date(0), 'must be a plain object or a Map'],
    ['map', 'a=b', 'must be a plain object or a Map'],
    ['map_integer_boolean', { x: true }, 'must be an integer'],
    ['map_integer_boolean', { '1': true, '01': true }, 'is a key of the map twice'],
    ['map_integer_boolean', { 1: true, 2: true, 3: true }, 'must have at most 2'],
    ['map_integer_boolean', { '9223372036854775808': true }, 'must fit 64 bits'],
    ['map_single', { a: 10 }, 'must be at most 9'],
    ['map_real_real', { '': 1 }, 'must be a number'],
    ['map_boolean_string', { yes: 'x' }, 'must be a boolean'],
  ];
  for (const [name, value, rule] of refused) {
    it(`refuses ${inspect(value)} for the column ${name}: ${rule}`, () => {
      const error = refusal(() => encodeColumn(every(name), value));
      expect(error.rule).to.include(rule);
      expect([error.table, error.column]).to.deep.equal(['Every', name]);
      expect(error.message).to.include(`Every.${name}`);
    });
  }

  it('tells the caller which NamedUuids were used, and in which references', () => {
    const used: unknown[] = [];
    const a = new NamedUuid('Target', 'a');
    const note = (uuid: NamedUuid, refType: string | undefined): number => used.push([uuid, refType]);
    encodeColumn(every('strong_set'), [UUID_1, a], note);
    encodeColumn(every('weak_set'), [a], note);
    encodeColumn(every('uuid'), a, note);
    encodeColumn(every('map_uuid_strong'), { [UUID_1]: a }, note);
    encodeMutation(every('strong_set'), 'insert', [a], note);
    expect(used.map((use) => (use as unknown[])[1])).to.deep.equal(['strong', 'weak', undefined, 'strong', 'strong']);
    expect(used.every((use) => (use as unknown[])[0] === a)).to.equal(true);
  });
});

describe('encodeCondition', () => {
  const accepted: [string, ConditionFunction, unknown, unknown][] = [
    ['string', '==', 'a', 'a'],
    ['string', 'includes', 'a', 'a'],
    ['integer', '<=', 5n, 5],
    ['real', '>', 0.5, 0.5],
    ['integer_min', '<', 3, 3],
    ['integer_min', '==', undefined, ['set', []]],
    ['string_set', '!=', [], ['set', []]],
    ['string_set', 'includes', ['a'], ['set', ['a']]],
    ['string_some', 'includes', [], ['set', []]],
    ['integer_set', 'excludes', [1, 2, 3, 4], ['set', [1, 2, 3, 4]]],
    ['map', 'includes', { a: 'b' }, ['map', [['a', 'b']]]],
    ['_uuid', '==', UUID_1, ['uuid', UUID_1]],
    ['_uuid', '==', new NamedUuid('Every', 'r'), ['named-uuid', 'r']],
    ['_version', '!=', UUID_1, ['uuid', UUID_1]],
    ['immutable', '==', 1, 1],
  ];
  for (const [name, fn, value, json] of accepted) {
    it(`encodes ${name} ${fn} ${inspect(value)}`, () => {
      expect(encodeCondition(every(name), fn, value)).to.deep.equal([name, fn, json]);
    });
  }

  const refused: [string, string, unknown, string][] = [
    ['string', '<', 'a', 'not one integer or real'],
    ['boolean', '>', true, 'not one integer or real'],
    ['integer_set', '<', 1, 'not one integer or real'],
    ['map', '>=', 1, 'not one integer or real'],
    ['integer_min', '<', undefined, 'must be an integer'],
    ['integer_min', '<', 0, 'must be at least 1'],
    ['integer_set', 'includes', [1, 2, 3, 4], 'at most 3'],
    ['string_some', '==', [], 'at least 1'],
    ['string_enum', '==', 'c', 'must be one of'],
    ['string', '=', 'a', 'is not a condition function'],
    ['_uuid', '==', new NamedUuid('Target', 'r'), 'must be a row of Every'],
  ];
  for (const [name, fn, value, rule] of refused) {
    it(`refuses ${name} ${fn} ${inspect(value)}: ${rule}`, () => {
      expect(refusal(() => encodeCondition(every(name), fn as ConditionFunction, value)).message).to.include(rule);
    });
  }
});

describe('encodeMutation', () => {
  const accepted: [string, Mutator, unknown, unknown][] = [
    ['integer', '+=', 1, 1],
    ['integer', '%=', 7, 7],
    ['integer_range', '-=', 100, 100],
    ['integer_enum', '*=', 3, 3],
    ['integer_set', '+=', 1n, 1],
    ['real', '/=', 0.5, 0.5],
    ['string_set', 'insert', ['a'], ['set', ['a']]],
    ['integer_min', 'insert', [2], ['set', [2]]],
    ['integer_set', 'delete', [1, 2, 3, 4], ['set', [1, 2, 3, 4]]],
    ['map', 'insert', { a: 'b' }, ['map', [['a', 'b']]]],
    ['map', 'delete', ['a', 'b'], ['set', ['a', 'b']]],
    ['map', 'delete', new Set(['a']), ['set', ['a']]],
    ['map', 'delete', { a: 'b' }, ['map', [['a', 'b']]]],
    ['map', 'delete', new Map([['a', 'b']]), ['map', [['a', 'b']]]],
    ['map_integer_boolean', 'delete', ['1', 2], ['set', [1, 2]]],
  ];
  for (const [name, mutator, value, json] of accepted) {
    it(`encodes ${name} ${mutator} ${inspect(value)}`, () => {
      expect(encodeMutation(every(name), mutator, value)).to.deep.equal([name, mutator, json]);
    });
  }

  const refused: [string, string, unknown, string][] = [
    ['immutable', '+=', 1, 'set by an insert only'],
    ['_uuid', 'insert', [UUID_1], 'set by an insert only'],
    ['string', '+=', 'a', 'does not hold integers or reals'],
    ['map_real_real', '+=', 1, 'does not hold integers or reals'],
    ['integer', '+=', 1.5, 'must be an integer'],
    ['integer', '/=', 0, 'cannot divide'],
    ['real', '/=', -0, 'cannot divide'],
    ['integer', '%=', 0n, 'cannot divide'],
    ['real', '%=', 2, 'does not hold integers'],
    ['string', 'insert', ['a'], 'neither a set nor a map'],
    ['string_set', 'insert', 'a', 'must be an array'],
    ['string_set', 'insert', ['a', 'a'], 'twice'],
    ['integer_min', 'insert', [1, 2], 'at most 1'],
    ['integer_min', 'delete', [0], 'must be at least 1'],
    ['map', 'insert', ['a'], 'must be a plain object'],
    ['map', 'delete', 'a', 'must be an array of keys'],
    ['map', 'delete', ['a', 'a'], 'twice'],
    ['map', 'delete', [1], 'must be a string'],
    ['map_integer_boolean', 'insert', { 1: true, 2: true, 3: false }, 'at most 2'],
    ['integer', '=', 1, 'is not a mutator'],
  ];
  for (const [name, mutator, value, rule] of refused) {
    it(`refuses ${name} ${mutator} ${inspect(value)}: ${rule}`, () => {
      expect(refusal(() => encodeMutation(every(name), mutator as Mutator, value)).message).to.include(rule);
    });
  }
});
