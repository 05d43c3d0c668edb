import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { parseOptions } from './options.js';
import { judge, type Sample } from './verdict.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MIB = 1024 * 1024;
const MINUTES = 10;

/** A sample each 20 seconds. */
function samples(heapMib: (minute: number) => number, handles: (minute: number) => number = () => 6): Sample[] {
  return Array.from({ length: MINUTES * 3 }, (_, i) => {
    const minute = (i + 1) / 3;
    const heapBytes = heapMib(minute) * MIB;
    return { atMs: minute * 60_000, heapBytes, externalBytes: 2 * MIB, rssBytes: 0, handles: handles(minute) };
  });
}

const judged = (all: readonly Sample[]): ReturnType<typeof judge> => judge(all, MINUTES * 60_000, 3);

describe('the verdict of the soak', () => {
  it('passes memory that is flat but for noise, and what warming up takes', () => {
    const noise = (minute: number): number => Math.sin(minute * 40) * 0.3;
    const { faults, growthPercent } = judged(samples((minute) => (minute < 2 ? 26 + minute * 2 : 30) + noise(minute)));
    expect(faults).to.deep.equal([]);
    expect(growthPercent).to.be.within(-1.5, 1.5);
  });

  it('fails memory that grows, and says by how much', () => {
    const { faults, slopeBytesPerMinute } = judged(samples((minute) => 30 + minute * 0.2));
    expect(faults).to.deep.equal(['memory grew by 4.0 %, more than 3 %']);
    expect(slopeBytesPerMinute / MIB).to.be.closeTo(0.2, 0.001);
  });

  it('fails handles that pile up', () => {
    const handles = (minute: number): number => Math.round(minute * 3);
    expect(judged(samples(() => 30, handles)).faults.join()).to.match(/^open handles grew from [\d.]+ to [\d.]+$/);
  });

  it('is not given on too few samples', () => {
    expect(judged([]).faults.join()).to.include('too short for a verdict');
    expect(judged(samples(() => 30).slice(0, 5)).faults.join()).to.include('too short for a verdict');
  });
});

describe('the soak', function () {
  this.timeout(120_000);

  async function run(...args: readonly string[]): Promise<string> {
    const command = ['--expose-gc', '--import', 'tsx', 'test/soak/run.ts', ...args];
    const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT, timeout: 100_000 });
    return stdout;
  }

  it('keeps every promise in a short run, in which memory has no time to settle', async () => {
    const output = await run('--minutes=0.15', '--ports=300', '--switches=3', '--max-growth=100', '--seed=1');
    expect(output).to.match(/^passed$/m);
    expect(output)
      .to.match(/comparisons with the server: \d/)
      .and.to.match(/weather: \w+/);
    expect(output).not.to.match(/NaN|breaches/);
  });

  it('refuses arguments that it does not know', () => {
    expect(parseOptions(['--help'])).to.equal('help');
    expect(parseOptions(['--minutes=0.5'])).to.include({ minutes: 0.5, ports: 10_000, maxGrowthPercent: 3 });
    for (const argument of ['--minutes=0', '--ports=1.5', '--seed=x', '--max-growth=-1', '--nonsense=1']) {
      expect(() => parseOptions([argument]), argument).to.throw(Error);
    }
  });
});
