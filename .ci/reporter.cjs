/**
 * mocha's spec reporter, which also writes the totals, and what failed and why, as JSON to the file that
 * TEST_TOTALS_FILE names.
 */
'use strict';

const { writeFileSync } = require('node:fs');

const { reporters } = require('mocha');

const { EVENT_TEST_FAIL } = require('mocha').Runner.constants;

module.exports = class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      failed.push({ title: test.fullTitle(), error: String(error?.stack ?? error) });
    });
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const file = process.env.TEST_TOTALS_FILE;
      if (file) writeFileSync(file, JSON.stringify({ passes, failures, pending, failed }));
    });
  }
};
