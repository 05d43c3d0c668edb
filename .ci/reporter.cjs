/** mocha's spec reporter, which also writes the totals as JSON to the file that TEST_TOTALS_FILE names. */
'use strict';

const { writeFileSync } = require('node:fs');

const { reporters } = require('mocha');

module.exports = class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.TEST_TOTALS_FILE;
      if (file) writeFileSync(file, JSON.stringify({ passes, failures, pending }));
    });
  }
};
