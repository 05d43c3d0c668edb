import { expect } from 'chai';

import { printValue, ValidationError } from '../../lib/errors.js';

describe('printValue', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const printed: [string, unknown, string][] = [
    ['a text in quotes', 'a"b', '"a\\"b"'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a bigint', 2n ** 63n, '9223372036854775808'],
    ['numbers that JSON does not know', NaN, 'NaN'],
    ['such numbers within an array', [Infinity, 1], '["Infinity",1]'],
    ['the members of a Set', new Set([1, 2]), '[1,2]'],
    ['the pairs of a Map', new Map([['a', 1n]]), '[["a","1"]]'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['what cannot be printed by its type', circle, 'object'],
  ];
  for (const [what, value, text] of printed) {
    it(`prints ${what}`, () => {
      expect(printValue(value)).to.equal(text);
    });
  }

  it('keeps to one short line', () => {
    const text = printValue('x'.repeat(1000));
    expect(text)
      .to.have.lengthOf(120)
      .and.match(/^"x+\.\.\.$/);
    expect(printValue(Symbol('a\nb'))).to.equal('Symbol(a b)');
  });
});

describe('ValidationError', () => {
  it('names table, column, value and rule', () => {
    const error = new ValidationError('Table', 'column', NaN, 'must be a finite number');
    expect(error).to.include({ code: 'Validation', name: 'ValidationError', table: 'Table', column: 'column' });
    expect(error.value).to.be.NaN;
    expect(error.message).to.equal('Table.column: NaN must be a finite number');
  });
});
