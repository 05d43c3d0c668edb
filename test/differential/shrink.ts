/** Finds the least history after which two servers still go different ways. */
import { Differential, emptyDatabase, type Difference, type Step } from './differential.js';
import type { SchemaJson } from './random-schema.js';
import type { RealServer } from './real-server.js';
import type { Finding } from './run-differential.js';

const PATIENCE_MS = 45_000;

/** Leaves out steps, then operations of the last one, as long as something still goes differently. */
export async function shrink(
  server: RealServer,
  schema: SchemaJson,
  steps: readonly Step[],
  difference: Difference,
): Promise<Finding> {
  const until = performance.now() + PATIENCE_MS;
  let best: Finding = { schema, steps, difference };
  const attempt = async (candidate: readonly Step[]): Promise<boolean> => {
    if (performance.now() > until) return false;
    const found = await play(server, schema, candidate);
    if (found === undefined) return false;
    best = { schema, steps: candidate.slice(0, found.at + 1), difference: found.difference };
    return true;
  };
  // Rows must keep their uuids when what came before them is left out.
  if (await attempt(steps.map(withUuids))) best = { ...best, steps: best.steps.map(withUuids) };
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < best.steps.length - 1;) {
      const end = Math.min(start + size, best.steps.length - 1);
      const without = [...best.steps.slice(0, start), ...best.steps.slice(end)];
      if (!(await attempt(without))) start = end;
    }
  }
  for (let i = best.steps.length - 1; i >= 0; i--) {
    for (let at = 0; ;) {
      const step = best.steps[i];
      if (step === undefined || !('operations' in step) || at >= step.operations.length) break;
      const operations = step.operations.filter((_, n) => n !== at);
      const replaced = best.steps.map((other, n) => (n === i ? { operations } : other));
      if (operations.length === 0 || !(await attempt(replaced))) at++;
    }
  }
  return best;
}

function withUuids(step: Step): Step {
  if ('schema' in step) return step;
  const operations = step.operations.map((operation, i) => {
    const uuid = step.inserted?.[i];
    return uuid === undefined ? operation : { ...(operation as object), uuid };
  });
  return { operations };
}

async function play(
  server: RealServer,
  schema: SchemaJson,
  steps: readonly Step[],
): Promise<{ at: number; difference: Difference } | undefined> {
  await emptyDatabase(server, schema.name, schema);
  const differential = new Differential(server, schema);
  for (const [at, step] of steps.entries()) {
    const difference = await differential.step(step);
    if (difference !== undefined) return { at, difference };
  }
  return undefined;
}
