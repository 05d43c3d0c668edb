import { expect } from 'chai';

import { InvalidArgumentError } from '../../../lib/errors.js';
import { checkOptions } from '../../../lib/statefulset/manager-options.js';

describe('the options of a StatefulSetPortManager', () => {
  it('may be given in full, or but for the subnets not at all', () => {
    checkOptions({ subnets: {} });
    checkOptions({ subnets: () => undefined, vendor: undefined });
    checkOptions({
      subnets: {},
      vendor: 'me',
      indexing: 'absolute',
      onDrift: 'readdress',
      adopt: true,
      pick: 'sequential',
      strictExclude: true,
      portSecurity: true,
      maxPortsPerTransaction: 1,
      conflictRetries: 0,
      timeoutMs: Infinity,
    });
  });

  const cases: readonly (readonly [string, unknown])[] = [
    ['subnets', undefined],
    ['subnets', null],
    ['subnets', {}],
    ['subnets', { subnets: 'product' }],
    ['onDrift', { subnets: {}, onDrift: 'kep' }],
    ['ondrift', { subnets: {}, ondrift: 'keep' }],
    ['indexing', { subnets: {}, indexing: null }],
    ['pick', { subnets: {}, pick: 'lowest' }],
    ['adopt', { subnets: {}, adopt: 'no' }],
    ['maxPortsPerTransaction', { subnets: {}, maxPortsPerTransaction: 0 }],
    ['maxPortsPerTransaction', { subnets: {}, maxPortsPerTransaction: NaN }],
    ['maxPortsPerTransaction', { subnets: {}, maxPortsPerTransaction: 1.5 }],
    ['conflictRetries', { subnets: {}, conflictRetries: -1 }],
    ['timeoutMs', { subnets: {}, timeoutMs: '5s' }],
    ['vendor', { subnets: {}, vendor: 7 }],
    ['vendor', { subnets: {}, vendor: '' }],
  ];
  for (const [name, options] of cases) {
    it(`refuses ${JSON.stringify(options)}, because of ${name}`, () => {
      expect(() => checkOptions(options as never)).to.throw(InvalidArgumentError, `option ${name} of`);
    });
  }
});
