// What VS Code calls in its extension host: mocha over the checks, and a report at LOOPBOUND_REPORT after each of them.
// LOOPBOUND_CHECKS is a pattern of the checks to run.

const fs = require('node:fs');
const path = require('node:path');
const Mocha = require('mocha');

class Report {
  constructor(runner) {
    const report = [];
    const add = line => {
      report.push(line);
      fs.writeFileSync(process.env.LOOPBOUND_REPORT, JSON.stringify(report));
    };
    runner.on('pass', ({ title, note }) => add({ name: title, note }));
    runner.on('fail', ({ title }, error) => add({ name: title, error: error.stack ?? String(error) }));
  }
}

exports.run = () =>
  new Promise(resolve => {
    const mocha = new Mocha({ timeout: 600_000, grep: process.env.LOOPBOUND_CHECKS, reporter: Report });
    mocha.addFile(path.join(__dirname, 'checks.cjs'));
    mocha.run(() => resolve());
  });
