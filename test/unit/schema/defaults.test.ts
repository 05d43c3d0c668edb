import { expect } from 'chai';
import { ValidationError } from '../../../lib/errors.js';
import { insertDefaults, missingRequiredColumns, requireColumns } from '../../../lib/schema/codec.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import { everyColumnSchema } from './every-column.js';

const demanding = parseSchema(everyColumnSchema).table('Demanding');
const target = parseSchema(everyColumnSchema).table('Target');

describe('insertDefaults', () => {
  it('fills in what a row leaves out and keeps what it gives', () => {
    const row = insertDefaults(demanding, { choice: 'y' });
    expect({ ...row }).to.deep.equal({
      positive: 0,
      choice: 'y',
      owner: '00000000-0000-0000-0000-000000000000',
      remark: '',
    });
    expect({ ...insertDefaults(demanding, { remark: undefined }) }).to.have.property('remark', '');
  });

  it('does not take inherited properties for columns', () => {
    expect(insertDefaults(target, Object.create({ name: 'inherited' }) as Record<string, string>)['name']).to.equal('');
  });
});

describe('requireColumns', () => {
  it('finds the columns whose defaults break their own rules, references to no row included', () => {
    const missing = missingRequiredColumns(demanding, { remark: 'x', choice: undefined });
    expect(missing.map((column) => column.name)).to.deep.equal(['positive', 'choice', 'owner']);
    expect(missingRequiredColumns(target, {})).to.deep.equal([]);
  });

  it('throws for the first one that is missing, and says why', () => {
    expect(() => requireColumns(demanding, { positive: 1 })).to.throw(
      ValidationError,
      'Demanding.choice: undefined must be given: it must be one of "x", "y", and its default "" is not allowed',
    );
    expect(() => requireColumns(demanding, { positive: 1, choice: 'x' })).to.throw(
      ValidationError,
      'Demanding.owner: undefined must be given: it must refer to a row of Target',
    );
  });

  it('is content when all are given', () => {
    expect(() => requireColumns(demanding, { positive: 1, choice: 'x', owner: 'any' })).not.to.throw();
  });
});
