import { inspect } from 'node:util';
import { expect } from 'chai';
import { ProtocolError } from '../../../lib/errors.js';
import { applyDiff, decodeAtoms, decodeColumn } from '../../../lib/schema/codec.js';
import { every } from './every-column.js';

const UUID_1 = '11111111-89ab-4def-8123-456789abcdef';
const UUID_2 = '22222222-89ab-4def-8123-456789abcdef';

describe('decodeColumn', () => {
  it('reads a scalar bare or as a set of one', () => {
    expect(decodeColumn(every('string'), 'x')).to.equal('x');
    expect(decodeColumn(every('string'), ['set', ['x']])).to.equal('x');
    expect(decodeColumn(every('uuid'), ['uuid', UUID_1])).to.equal(UUID_1);
    expect(decodeColumn(every('uuid'), ['set', [['uuid', UUID_1]]])).to.equal(UUID_1);
  });

  it('reads an optional as its atom or undefined', () => {
    expect(decodeColumn(every('boolean_optional'), false)).to.equal(false);
    expect(decodeColumn(every('boolean_optional'), ['set', [true]])).to.equal(true);
    expect(decodeColumn(every('boolean_optional'), ['set', []])).to.equal(undefined);
  });

  it('reads a set in the order sent, bare when it has one member', () => {
    expect(decodeColumn(every('string_set'), ['set', ['b', 'a']])).to.deep.equal(['b', 'a']);
    expect(decodeColumn(every('string_set'), 'a')).to.deep.equal(['a']);
    expect(decodeColumn(every('strong_set'), ['uuid', UUID_1])).to.deep.equal([UUID_1]);
    expect(decodeColumn(every('strong_set'), ['set', [['uuid', UUID_1], ['uuid', UUID_2]]])).to.deep.equal([UUID_1, UUID_2]); // prettier-ignore
  });

  it('reads a uuid in upper case as the same uuid', () => {
    expect(decodeColumn(every('uuid'), ['uuid', UUID_1.toUpperCase()])).to.equal(UUID_1);
  });

  it('has each member of a set once, however often it was sent', () => {
    expect(decodeColumn(every('real_set'), ['set', [0.3, 0.5, 0.3]])).to.deep.equal([0.3, 0.5]);
    const many = Array.from({ length: 60 }, (_, i) => `member ${i % 30}`);
    expect(decodeColumn(every('string_set'), ['set', many])).to.deep.equal(many.slice(0, 30));
    expect(decodeAtoms(every('string_set'), ['set', ['a', 'a']])).to.deep.equal(['a']);
  });

  it('tells a set of the strings "set" and "uuid" from a tag', () => {
    expect(decodeColumn(every('string_set'), ['set', ['set', 'uuid']])).to.deep.equal(['set', 'uuid']);
    expect(decodeColumn(every('string'), 'set')).to.equal('set');
  });

  it('gives frozen sets and maps, and one object for all that are empty', () => {
    expect(decodeColumn(every('string_set'), ['set', ['a']])).to.be.frozen;
    expect(decodeColumn(every('string_set'), 'a')).to.be.frozen;
    expect(decodeColumn(every('map'), ['map', [['a', 'b']]])).to.be.frozen;
    expect(decodeColumn(every('string_set'), ['set', []])).to.equal(decodeColumn(every('weak_set'), ['set', []]));
    expect(decodeColumn(every('map'), ['map', []])).to.equal(every('map_real_real').defaultValue);
  });

  it('reads a map whose keys are any string at all', () => {
    const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '', 'a'];
    const map = decodeColumn(every('map'), ['map', keys.map((key) => [key, `value of ${key}`])]) as Record<string, string>; // prettier-ignore
    expect(new Set(Object.keys(map))).to.deep.equal(new Set(keys));
    for (const key of keys) expect(map[key]).to.equal(`value of ${key}`);
    expect('valueOf' in map).to.equal(false);
    expect('isPrototypeOf' in map).to.equal(false);
    expect(JSON.parse(JSON.stringify(map))).to.have.own.property('__proto__', 'value of __proto__');
  });

  it('cannot be made to change the prototype of maps', () => {
    const map = decodeColumn(every('map'), ['map', [['a', 'b']]]) as object;
    expect(Object.getPrototypeOf(map)).to.be.frozen;
    expect(Reflect.set(Object.getPrototypeOf(map) as object, 'polluted', 1)).to.equal(false);
  });

  it('prints keys that are not strings', () => {
    const keysOf = (name: string, json: unknown): string[] => Object.keys(decodeColumn(every(name), json) as object);
    expect(keysOf('map_integer_boolean', ['map', [[-7, true], [2n ** 63n - 1n, false]]])).to.deep.equal(['-7', '9223372036854775807']); // prettier-ignore
    expect(keysOf('map_real_real', ['map', [[0.5, 1]]])).to.deep.equal(['0.5']);
    expect(keysOf('map_boolean_string', ['map', [[true, 'x']]])).to.deep.equal(['true']);
    expect(
      keysOf('map_uuid_strong', [
        'map',
        [
          [
            ['uuid', UUID_1],
            ['uuid', UUID_2],
          ],
        ],
      ]),
    ).to.deep.equal([UUID_1]);
  });

  it('keeps integers exact: numbers where they are, else bigints', () => {
    expect(decodeColumn(every('integer'), 2 ** 53 - 1)).to.equal(Number.MAX_SAFE_INTEGER);
    expect(decodeColumn(every('integer'), 2n ** 53n)).to.equal(9007199254740992n);
    expect(decodeColumn(every('integer'), -(2n ** 63n))).to.equal(-9223372036854775808n);
    expect(decodeColumn(every('integer'), 5n)).to.equal(5);
  });

  it('reads an integral literal in a real column', () => {
    expect(decodeColumn(every('real'), 12345678901234567890n)).to.equal(Number(12345678901234567890n));
  });

  const wrong: [string, unknown][] = [
    ['string', 1],
    ['string', null],
    ['string', ['set', []]],
    ['string', ['set', ['a', 'b']]],
    ['string', ['set', 'a']],
    ['integer', '1'],
    ['integer', 1.5],
    ['integer', 2 ** 53],
    ['integer', 2n ** 63n],
    ['real', true],
    ['boolean', 0],
    ['uuid', UUID_1],
    ['uuid', ['uuid', 'short']],
    ['uuid', ['uuid', UUID_1.replace(/.$/, 'g')]],
    ['uuid', ['named-uuid', 'row']],
    ['boolean_optional', ['set', [true, false]]],
    ['string_set', ['set', ['a', 1]]],
    ['string_set', ['set', {}]],
    ['string_set', ['map', []]],
    ['map', ['set', []]],
    ['map', { a: 'b' }],
    ['map', ['map', [['a']]]],
    ['map', ['map', ['ab']]],
    ['map', ['map', [['a', 1]]]],
    ['map', undefined],
  ];
  for (const [name, json] of wrong) {
    it(`refuses ${inspect(json)} for the column ${name}, naming it`, () => {
      expect(() => decodeColumn(every(name), json)).to.throw(ProtocolError, `Every.${name}`);
    });
  }
});

describe('decodeAtoms', () => {
  it('gives the members of a set or a difference as a new array', () => {
    expect(decodeAtoms(every('integer_set'), ['set', [1, 2, 3, 4, 5, 6]])).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(decodeAtoms(every('strong_set'), ['uuid', UUID_1])).to.deep.equal([UUID_1]);
    expect(decodeAtoms(every('strong_set'), ['set', []])).to.deep.equal([]);
  });

  it('refuses a member of another type', () => {
    expect(() => decodeAtoms(every('integer_set'), ['set', [1, 'x']])).to.throw(ProtocolError, 'Every.integer_set');
  });
});

describe('applyDiff', () => {
  it('takes the difference of a column of at most one value as the new value', () => {
    expect(applyDiff(every('string'), 'old', 'new')).to.equal('new');
    expect(applyDiff(every('boolean_optional'), true, true)).to.equal(true);
    expect(applyDiff(every('boolean_optional'), true, ['set', []])).to.equal(undefined);
    expect(applyDiff(every('map_single'), { a: 1 }, ['map', [['a', 1]]])).to.deep.equal({ a: 1 });
    expect(applyDiff(every('map_single'), { a: 1 }, ['map', [['b', 2]]])).to.deep.equal({ b: 2 });
  });

  it('removes the members of a set that are in the difference and appends the others', () => {
    expect(applyDiff(every('string_set'), ['a', 'b', 'c'], ['set', ['d', 'b']])).to.deep.equal(['a', 'c', 'd']);
    expect(applyDiff(every('string_set'), ['a'], 'a')).to.equal(every('string_set').defaultValue);
  });

  it('takes a difference with more members than the set may have', () => {
    expect(applyDiff(every('integer_set'), [1, 2, 3], ['set', [1, 2, 3, 4, 5, 6]])).to.deep.equal([4, 5, 6]);
  });

  it('adds, removes and replaces the pairs of a map', () => {
    const old = { keep: '1', drop: '2', change: '3' };
    const diff = ['map', [['drop', '2'], ['change', 'x'], ['add', 'y']]]; // prettier-ignore
    expect(applyDiff(every('map'), old, diff)).to.deep.equal({ keep: '1', change: 'x', add: 'y' });
    expect(old).to.deep.equal({ keep: '1', drop: '2', change: '3' });
    expect(applyDiff(every('map'), { a: '1' }, ['map', [['a', '1']]])).to.equal(every('map').defaultValue);
  });

  it('knows keys from inherited properties', () => {
    const next = applyDiff(every('map'), {}, ['map', [['toString', 'x'], ['__proto__', 'y']]]) as object; // prettier-ignore
    expect(Object.keys(next)).to.deep.equal(['toString', '__proto__']);
    const after = applyDiff(every('map'), next as Record<string, string>, ['map', [['__proto__', 'y']]]) as object;
    expect(Object.keys(after)).to.deep.equal(['toString']);
  });

  it('gives frozen values and leaves the old one as it is', () => {
    const old = Object.freeze(['a']);
    expect(applyDiff(every('string_set'), old, 'b')).to.be.frozen;
    expect(old).to.deep.equal(['a']);
  });
});
