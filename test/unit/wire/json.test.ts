import { expect } from 'chai';

import { InvalidArgumentError } from '../../../lib/errors.js';
import { parseJson, stringifyJson } from '../../../lib/wire/json.js';

describe('parseJson', () => {
  it('reads integers beyond 2^53 exactly and leaves the others numbers', () => {
    expect(
      parseJson('[9007199254740991,9007199254740992,-9007199254740993,9223372036854775807,-9223372036854775808]', true),
    ).to.deep.equal([
      9007199254740991,
      9007199254740992n,
      -9007199254740993n,
      9223372036854775807n,
      -9223372036854775808n,
    ]);
  });

  it('leaves reals and exponents numbers, however long', () => {
    expect(parseJson('[1.00000000000000000001,12345678901234567e0,1e300,-0,0.1]', true)).to.deep.equal([
      1,
      Number('12345678901234567e0'),
      1e300,
      -0,
      0.1,
    ]);
  });

  it('reads what is longer than any integer of 64 bits as a real, in linear time', () => {
    expect(parseJson('[18446744073709551615,-18446744073709551615,1844674407370955161500]', true)).to.deep.equal([
      18446744073709551615n,
      -18446744073709551615n,
      1.8446744073709552e21,
    ]);
    // As a bigint, this one would take minutes.
    const started = performance.now();
    expect(parseJson(`[${'9'.repeat(20_000_000)}]`, true)).to.deep.equal([Infinity]);
    expect(performance.now() - started).to.be.below(3000);
  });

  it('leaves digits in strings and keys alone', () => {
    const text = '{"12345678901234567890":"12345678901234567890","a\\"12345678901234567890":[12345678901234567890]}';
    expect(parseJson(text, true)).to.deep.equal({
      '12345678901234567890': '12345678901234567890',
      'a"12345678901234567890': [12345678901234567890n],
    });
  });

  it('cannot be tricked by strings that look like its marks', () => {
    const value = {
      marked: '\u0000123',
      doubled: '\u0000\u0000123',
      crash: '\u0000x',
      nul: '\u0000',
      '\u0000123': '\u0000-9',
      '\u0000\u00001': 1,
    };
    const text = JSON.stringify(value);
    expect(parseJson(text, true)).to.deep.equal(value);
    expect(parseJson(`[12345678901234567890,${text}]`, true)).to.deep.equal([12345678901234567890n, value]);
  });

  it('reads an integer that is the whole text, and one in front of white space', () => {
    expect(parseJson('12345678901234567890', true)).to.equal(12345678901234567890n);
    expect(parseJson('[ 12345678901234567890\n, { "k" : -12345678901234567890 } ]', true)).to.deep.equal([
      12345678901234567890n,
      { k: -12345678901234567890n },
    ]);
  });

  it('keeps __proto__ an ordinary key', () => {
    const value = parseJson('{"__proto__":{"polluted":12345678901234567890}}', true) as object;
    expect(Object.keys(value)).to.deep.equal(['__proto__']);
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect((value as { polluted?: unknown }).polluted).to.equal(undefined);
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).to.deep.equal({
      polluted: 12345678901234567890n,
    });
  });

  for (const text of ['{12345678901234567890:1}', '[012345678901234567890]', '[12345678901234567890 1]', '{"a":', '']) {
    it(`refuses ${JSON.stringify(text)} as JSON.parse does`, () => {
      expect(() => parseJson(text, true)).to.throw(SyntaxError);
      expect(() => parseJson(text, false)).to.throw(SyntaxError);
    });
  }
});

describe('stringifyJson', () => {
  it('writes what JSON.stringify writes where there is no bigint', () => {
    const value = { a: [1, 'x', null, true, undefined], b: undefined, c: { d: -0.5 }, e: new Date(0), f: NaN };
    expect(stringifyJson(value)).to.equal(JSON.stringify(value));
  });

  it('writes bigints as integer literals, and all else as before', () => {
    const rest = { a: [1, '\u0000123', null, undefined], '\u00005': 'é"\\', b: undefined, e: new Date(0), f: NaN };
    expect(stringifyJson({ big: -9223372036854775808n, rest })).to.equal(
      `{"big":-9223372036854775808,"rest":${JSON.stringify(rest)}}`,
    );
    expect(stringifyJson(5n)).to.equal('5');
  });

  it('refuses values that have no JSON form', () => {
    for (const value of [undefined, Symbol('s'), () => 1]) {
      expect(() => stringifyJson(value)).to.throw(InvalidArgumentError, /cannot be written as JSON/);
    }
  });

  it('refuses circles, with and without bigints', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => stringifyJson(circle)).to.throw(InvalidArgumentError, /circular/);
    expect(() => stringifyJson([1n, circle])).to.throw(InvalidArgumentError, /circular/);
  });

  it('lets an exception of a toJSON method through', () => {
    const value = {
      toJSON(): never {
        throw new RangeError('mine');
      },
    };
    expect(() => stringifyJson(value)).to.throw(RangeError, 'mine');
  });
});
