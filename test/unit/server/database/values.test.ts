import { expect } from 'chai';

import { computeInteger, computeReal } from '../../../../lib/server/database/arithmetic.js';
import { plainType, UNLIMITED } from '../../../../lib/server/database/column-type.js';
import { parseDatum } from '../../../../lib/server/database/datum-parse.js';
import { datumJson } from '../../../../lib/server/database/datum-text.js';
import { difference, reportedDifference, subtract, union } from '../../../../lib/server/database/datum.js';
import { compareText, jsonInteger, jsonText, realText } from '../../../../lib/server/database/json-text.js';

const STRINGS = { key: plainType('string'), value: undefined, min: 0, max: UNLIMITED };
const REALS = { key: plainType('real'), value: undefined, min: 1, max: 1 };
const MAP = { key: plainType('string'), value: plainType('integer'), min: 0, max: UNLIMITED };
const MAX = 9223372036854775807n;

describe('the values of the embedded database', () => {
  it('reals are printed with 15 digits, as C does it', () => {
    const texts = [0.1 + 0.2, 1e15, 123456789012345, 1e300, 1.25e-7, 0.0001, 0.00001, -0, -2.5].map(realText);
    expect(texts).to.deep.equal(['0.3', '1e+15', '123456789012345', '1e+300', '1.25e-07', '0.0001', '1e-05', '-0', '-2.5']); // prettier-ignore
  });

  it('integers are those of 64 bits, however they are written', () => {
    expect([2, -0, 1e17, MAX, MAX + 1n, 1e19, 0.5, '1'].map(jsonInteger)).to.deep.equal([
      2,
      0,
      100000000000000000n,
      MAX,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('JSON is quoted with its members in order, and without losing digits', () => {
    expect(jsonText({ b: [1, 0.1 + 0.2, MAX], a: 'x"\n', é: null })).to.equal(
      '{"a":"x\\"\\n","b":[1,0.3,9223372036854775807],"é":null}',
    );
  });

  it('texts are in the order of their code points, not of their UTF-16 units', () => {
    expect(['🦆', '\uffee', 'a', '', 'ab', '世'].sort(compareText)).to.deep.equal([
      '',
      'a',
      'ab',
      '世',
      '\uffee',
      '🦆',
    ]);
  });

  it('integers are computed exactly, and refused where they would overflow', () => {
    expect(computeInteger('+=', 9007199254740991, 2)).to.equal(9007199254740993n);
    expect(computeInteger('-=', 9007199254740993n, 2)).to.equal(9007199254740991);
    expect(computeInteger('*=', 3037000499, -3037000499)).to.equal(-9223372030926249001n);
    expect([computeInteger('/=', -7, 2), computeInteger('%=', -7, 2)]).to.deep.equal([-3, -1]);
    for (const [mutator, x, y] of [
      ['+=', MAX, 1],
      ['-=', -MAX - 1n, 1],
      ['*=', MAX, 2],
      ['/=', -MAX - 1n, -1],
      ['%=', -MAX - 1n, -1],
    ] as const) {
      // prettier-ignore
      expect(() => computeInteger(mutator, x, y), mutator).to.throw(`Result of "${mutator}" operation is out of range.`);
    }
    for (const divide of [() => computeInteger('/=', 1, 0), () => computeInteger('%=', 1, 0), () => computeReal('/=', 1, 0)]) expect(divide).to.throw('Division by zero.'); // prettier-ignore
    expect(() => computeInteger('*=', MAX, 1)).to.throw('out of range');
    // Not the negative zero: indexes tell it from the other one.
    expect([computeInteger('%=', -4, 2), parseDatum(REALS, -0).keys]).to.deep.equal([0, [0]]);
    expect(() => computeReal('*=', 1e300, 1e300)).to.throw('out of range');
  });

  it('a set that grows and shrinks knows what came and went, without being compared', () => {
    const old = parseDatum(STRINGS, ['set', ['a', 'c', 'e']]);
    const more = union(STRINGS, old, parseDatum(STRINGS, ['set', ['b', 'c', 'f']]));
    expect(datumJson(more, STRINGS)).to.deep.equal(['set', ['a', 'b', 'c', 'e', 'f']]);
    expect(difference(STRINGS, old, more).added.keys).to.deep.equal(['b', 'f']);
    const less = subtract(STRINGS, more, parseDatum(STRINGS, ['set', ['a', 'x', 'f']]), true);
    expect(datumJson(less, STRINGS)).to.deep.equal(['set', ['b', 'c', 'e']]);
    // Two steps: compared after all.
    const { added, removed } = difference(STRINGS, old, less);
    expect([added.keys, removed.keys]).to.deep.equal([['b'], ['a']]);
    expect(union(STRINGS, old, old)).to.equal(old);
    // Else every copy of a large set would be kept.
    expect(more.origin).to.equal(undefined);
  });

  it('many members are put into a set or a map and taken out of it at once', () => {
    const pairs = Array.from({ length: 30 }, (_, i): [string, number] => [String.fromCharCode(65 + i), i]);
    const [even, odd] = [0, 1].map((rest) => parseDatum(MAP, ['map', pairs.filter(([, i]) => i % 2 === rest)]));
    const all = union(MAP, even!, odd!);
    expect(datumJson(all, MAP)).to.deep.equal(['map', pairs]);
    expect(datumJson(subtract(MAP, all, odd!, false), MAP)).to.deep.equal(datumJson(even!, MAP));
  });

  it('the difference that monitors report has new values of changed pairs, and pairs that are gone', () => {
    const old = parseDatum(MAP, ['map', [['a', 1], ['b', 2], ['c', 3]]]); // prettier-ignore
    const now = parseDatum(MAP, ['map', [['b', 5], ['c', 3], ['d', 4]]]); // prettier-ignore
    expect(datumJson(reportedDifference(MAP, old, now), MAP)).to.deep.equal(['map', [['a', 1], ['b', 5], ['d', 4]]]); // prettier-ignore
    const single = { ...STRINGS, max: 1 };
    const [x, none] = [parseDatum(single, 'x'), parseDatum(single, ['set', []])];
    expect(datumJson(reportedDifference(single, x, none), single)).to.deep.equal(['set', []]);
  });
});
