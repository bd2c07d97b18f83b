/** Mocha's usual report, and beside it the numbers and the failures as JSON, in the file that TEST_RESULT names. */
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failures = [];
    runner.on('fail', (test) => failures.push({ file: test.file, title: test.fullTitle() }));
    runner.once('end', () => {
      writeFileSync(process.env.TEST_RESULT, JSON.stringify({ passes: this.stats.passes, failures }));
    });
  }
};
