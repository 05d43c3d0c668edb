/** Figures of several runs, boiled down. */

/** The value below which the share `q` (0 to 1) of the values lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Named numbers of one run. */
export type Figures = Readonly<Record<string, number>>;

/** One figure over several runs. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Undefined when no run has the figure. */
export function summarize(runs: readonly Figures[], name: string): Summary | undefined {
  const values = runs.map((run) => run[name]).filter((value) => value !== undefined && Number.isFinite(value));
  if (values.length === 0) return undefined;
  return {
    median: quantile(values as number[], 0.5),
    min: Math.min(...(values as number[])),
    max: Math.max(...(values as number[])),
  };
}

/** The names of all figures that some run has, in the order of their first appearance. */
export function figureNames(runs: readonly Figures[]): string[] {
  return [...new Set(runs.flatMap((run) => Object.keys(run)))];
}

/**
 * The runs with ratios to others added as `NAME/label`, each to the run of the same round: what slows the machine down for a
 * while slows down both.
 */
export function withRatios(
  runs: readonly Figures[],
  floor: readonly Figures[],
  label: string,
  names: readonly string[],
): Figures[] {
  return runs.map((run, round) => {
    const ratios = names.map((name): [string, number] => [
      `${name}/${label}`,
      (run[name] ?? NaN) / (floor[round]?.[name] ?? NaN),
    ]);
    return { ...run, ...Object.fromEntries(ratios) };
  });
}
