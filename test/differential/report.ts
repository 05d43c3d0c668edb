/** What a run found, as text. */
import { stringifyJson } from '../../lib/wire/json.js';
import type { Figures } from './differential.js';
import type { Finding } from './run-differential.js';

/** What cannot be made shorter than this is repeated by its seed rather than read. */
const MAX_STEPS = 12;

/** Counts, in two lines. */
export function describeFigures(figures: Figures): string {
  const errors = [...figures.errors].sort(([, a], [, b]) => b - a).map(([tag, count]) => `${tag} ${count}`);
  return (
    `${figures.transactions} transactions with ${figures.operations} operations: ${figures.committed} committed, ` +
    `${figures.refused} refused, ${figures.waited} left waiting; ${figures.conversions} conversions; ` +
    `${figures.byOrder} answers differ in an order that is up to the server; ` +
    `the real one kept a weak reference to a deleted row ${figures.staleReferences} times\n  ${errors.join(', ')}`
  );
}

/** The shrunk history of a difference, with both answers. */
export function describeFinding({ schema, steps, difference }: Finding): string {
  const shown = steps.slice(-MAX_STEPS);
  const history = shown.map((step) => `  ${stringifyJson('schema' in step ? step.schema : step.operations)}`);
  const show = (side: unknown): string => (typeof side === 'string' ? side : stringifyJson(side));
  return [
    `DIFFERENT: ${difference.what}`,
    `schema: ${stringifyJson(schema)}`,
    `transactions${steps.length > MAX_STEPS ? `, the last ${MAX_STEPS} of ${steps.length}` : ''}:`,
    ...history,
    `ours:   ${show(difference.ours)}`,
    `theirs: ${show(difference.theirs)}`,
  ].join('\n');
}
