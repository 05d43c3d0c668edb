import { expect } from 'chai';

import { Exposition } from '../../examples/support/prometheus.js';

describe('Exposition, of the Prometheus example', () => {
  it('prints counters and gauges with their labels escaped', () => {
    const page = new Exposition();
    page.counter('a_total', 'A\\B\nC "D"', [{ x: '1', y: 'a"b\\c\nd' }, 3], [{}, 0.5]);
    page.gauge('b', 'None.');
    page.gauge('c', 'Numbers.', [{ n: 'inf' }, Infinity], [{ n: 'neg' }, -Infinity], [{ n: 'nan' }, NaN]);
    expect(page.toString().split('\n')).to.deep.equal([
      '# HELP a_total A\\\\B\\nC "D"',
      '# TYPE a_total counter',
      'a_total{x="1",y="a\\"b\\\\c\\nd"} 3',
      'a_total 0.5',
      '# HELP b None.',
      '# TYPE b gauge',
      '# HELP c Numbers.',
      '# TYPE c gauge',
      'c{n="inf"} +Inf',
      'c{n="neg"} -Inf',
      'c{n="nan"} NaN',
      '',
    ]);
  });

  it('prints histograms with cumulative buckets, a sum and a count', () => {
    const page = new Exposition();
    const buckets = [
      { le: 0.1, count: 2 },
      { le: Infinity, count: 3 },
    ];
    page.histogram('h_seconds', 'Time.', { db: 'x' }, { buckets, count: 3, sum: 7.25 });
    expect(page.toString().split('\n')).to.deep.equal([
      '# HELP h_seconds Time.',
      '# TYPE h_seconds histogram',
      'h_seconds_bucket{db="x",le="0.1"} 2',
      'h_seconds_bucket{db="x",le="+Inf"} 3',
      'h_seconds_sum{db="x"} 7.25',
      'h_seconds_count{db="x"} 3',
      '',
    ]);
  });
});
