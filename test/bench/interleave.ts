/** Runs what is compared in turn, A B C A B C, so that a machine that gets slower or busier does so for all. */
import { waitUntilQuiet, watchOthers } from './machine.js';
import { OTHERS } from './report.js';
import type { Figures } from './statistics.js';

export interface Interleaving {
  readonly rounds: number;
  /** Longest wait for a quiet machine before each run; 0: none. */
  readonly quietMs: number;
}

/** The figures of each case by round, with the share of the machine that others used. */
export async function interleave<C>(
  cases: readonly C[],
  { rounds, quietMs }: Interleaving,
  run: (each: C, round: number) => Promise<Figures>,
): Promise<Map<C, Figures[]>> {
  const runs = new Map(cases.map((each): [C, Figures[]] => [each, []]));
  for (let round = 0; round < rounds; round++) {
    for (const each of cases) {
      await waitUntilQuiet(quietMs);
      const others = watchOthers();
      const figures = await run(each, round);
      runs.get(each)?.push({ ...figures, [OTHERS]: others() });
    }
  }
  return runs;
}
