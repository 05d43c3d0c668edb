/**
 * Runs the tests: `node test/run.mjs [--no-typecheck] [--embedded] [mocha argument or test file...]`.
 *
 * All of them, unless files are given: the type check of library, tests and examples and two runs of mocha at the same
 * time, since most tests wait for servers most of the time; after the first of these, those whose server can be the
 * embedded one once more with that. What each prints is shown as a whole, one after the other. What failed is told again
 * at the end. With TEST_TOTALS_FILE the totals and the failures go there, as JSON.
 *
 * With --embedded there is the run with the embedded server alone.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REPORTER = join(ROOT, '.ci/reporter.cjs');
/** Files that run one after the other; the two take about as long. */
const LANES = [['test/integration/**/*.test.ts'], ['test/!(integration)/**/*.test.ts', 'test/*.test.ts']];
/** Tests that start their server so get the one that TEST_SERVER says: see test/integration/test-server.ts. */
const STARTERS =
  /\b(?:startServer\(|startCluster\(|startProxiedClient\(|(?:FaultServer|PortsScene|StatefulSetBench)\.start\()/;
/** What these show does not depend on the server, and takes long. */
const PROGRAMS = /\/(?:ports-command-program|watch)\.test\.ts$/;

const given = process.argv.slice(2);
const args = given.filter((argument) => argument !== '--no-typecheck' && argument !== '--embedded');
const hasFiles = args.some((argument) => argument.endsWith('.test.ts'));
const hasReporter = args.some((argument) => argument === '-R' || argument.startsWith('--reporter'));
const folder = mkdtempSync(join(tmpdir(), 'ovn-northbound-tests-'));
const children = [];
let isInterrupted = false;

/** A program that runs; what it prints is kept until it is to be shown. Resolves with whether it succeeded. */
function start(script, programArgs, env = {}) {
  const color = process.stdout.isTTY && process.env.NO_COLOR === undefined ? { FORCE_COLOR: '1' } : {};
  const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...programArgs], {
    cwd: ROOT,
    stdio: ['inherit', 'pipe', 'pipe'],
    env: { ...process.env, ...color, ...env },
  });
  children.push(child);
  const kept = [];
  let isShown = false;
  for (const [stream, out] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    stream.on('data', (chunk) => {
      if (isShown) out.write(chunk);
      else kept.push([out, chunk]);
    });
  }
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`${script} cannot be run: ${error.message}`);
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
  return {
    ended,
    show() {
      isShown = true;
      for (const [out, chunk] of kept.splice(0)) out.write(chunk);
      return ended;
    },
  };
}

let lanesStarted = 0;

function startLane(files, env = {}) {
  const totals = join(folder, `${++lanesStarted}.json`);
  const reporter = hasReporter ? [] : ['--reporter', REPORTER];
  const run = start('mocha/bin/mocha.js', [...reporter, ...args, ...files], { ...env, TEST_TOTALS_FILE: totals });
  return { run, totals, isEmbedded: env.TEST_SERVER === 'embedded' };
}

function startEmbeddedLane() {
  if (isInterrupted) return undefined;
  const files = readdirSync(join(ROOT, 'test'), { recursive: true })
    .map((path) => `test/${path}`)
    .filter((path) => path.endsWith('.test.ts') && !PROGRAMS.test(path))
    .filter((path) => STARTERS.test(readFileSync(join(ROOT, path), 'utf8')));
  return startLane(hasFiles ? [] : files.sort(), { TEST_SERVER: 'embedded' });
}

/** The runs, in the order in which they are shown; the last one may have to wait for others. */
function startLanes() {
  if (given.includes('--embedded')) return [startEmbeddedLane()];
  if (hasFiles) return [startLane([])];
  const lanes = LANES.map((files) => startLane(files));
  return [...lanes, Promise.race(lanes.map(({ run }) => run.ended)).then(startEmbeddedLane)];
}

/** Sums of what the lanes counted, and all that failed; undefined when one of them did not come to its end. */
function sumOf(lanes) {
  const sum = { passes: 0, failures: 0, pending: 0, failed: [] };
  try {
    for (const { totals: file, isEmbedded } of lanes) {
      const totals = JSON.parse(readFileSync(file, 'utf8'));
      for (const kind of ['passes', 'failures', 'pending']) sum[kind] += totals[kind];
      const where = isEmbedded ? ' (on the embedded server)' : '';
      sum.failed.push(...totals.failed.map(({ title, error }) => ({ title: `${title}${where}`, error })));
    }
    return sum;
  } catch {
    return undefined;
  }
}

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
  process.on(signal, () => {
    isInterrupted = true;
    // Ctrl-C reaches the whole terminal; the children must not count it twice.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) for (const child of children) child.kill(signal);
  });
}
try {
  const starting = startLanes();
  const typeCheck = given.includes('--no-typecheck')
    ? undefined
    : start('typescript/bin/tsc', ['-p', 'tsconfig.json', '--noEmit']);
  let passed = true;
  const lanes = [];
  for (const each of starting) {
    const lane = await each;
    if (lane === undefined) continue;
    lanes.push(lane);
    if (lane.isEmbedded) console.log('\nonce more, on the embedded server');
    passed = (await lane.run.show()) && passed;
  }
  if (typeCheck !== undefined) {
    console.log('type check (lib, test, examples)');
    const isSound = await typeCheck.show();
    console.log(isSound ? '  no errors' : '  FAILED: see above');
    passed = isSound && passed;
  }
  const totals = hasReporter ? undefined : sumOf(lanes);
  if (totals !== undefined) {
    const { passes, failures, pending, failed } = totals;
    // Once more at the end: of a long output, the end is what people see.
    for (const { title, error } of failed) console.log(`\nFAILED: ${title}\n${error}`);
    console.log(`\n${passes} passed, ${failures} failed, ${pending} skipped`);
    if (process.env.TEST_TOTALS_FILE) writeFileSync(process.env.TEST_TOTALS_FILE, JSON.stringify(totals));
  } else if (!hasReporter) console.error('\nNot all test runs came to their end.');
  process.exitCode = passed ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
