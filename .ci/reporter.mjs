/** mocha's spec reporter, which also writes the totals as JSON to the file that TEST_TOTALS_FILE names. */
import { writeFileSync } from 'node:fs';

import Mocha from 'mocha';

export default class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      if (process.env.TEST_TOTALS_FILE) {
        writeFileSync(process.env.TEST_TOTALS_FILE, JSON.stringify({ passes, failures, pending }));
      }
    });
  }
}
