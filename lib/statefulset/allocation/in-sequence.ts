/**
 * Chunks of work in sequence, each begun when the one before is on its way: while the server works on one, the next is
 * planned and written, which takes about as long.
 */

import { setTimeout } from '../../timer.js';

/** What the one before is given to go out, in milliseconds; a plan that is made at once would keep it from the socket. */
const HEAD_START_MS = 1;

/**
 * Begins each chunk when the one before has called `onItsWay`, or has ended, at most `atOnce` at a time, and calls `tell`
 * with what came of it, in sequence. What is there at once is no promise; behind others that are under way it is asked
 * for again when its turn comes. When one fails, no other is begun, those under way come to their end, and it rejects as
 * the first one that failed.
 */
export async function inSequence<C, R extends object>(
  chunks: readonly C[],
  atOnce: number,
  begin: (chunk: C, onItsWay: () => void) => R | Promise<R>,
  tell: (result: R) => void,
): Promise<void> {
  const underWay: Promise<R>[] = [];
  const failures: unknown[] = [];
  const tellFirst = async (): Promise<void> => {
    const [first] = underWay;
    if (first === undefined) return;
    tell(await first);
    void underWay.shift();
  };
  try {
    for (const [i, chunk] of chunks.entries()) {
      if (failures.length > 0) break;
      let onItsWay = (): void => undefined;
      const isOnItsWay = new Promise<void>((resolve) => (onItsWay = resolve));
      let result = begin(chunk, onItsWay);
      if (!(result instanceof Promise) && underWay.length > 0) {
        while (underWay.length > 0) await tellFirst();
        // What was there may be gone by now.
        result = begin(chunk, onItsWay);
      }
      if (!(result instanceof Promise)) {
        tell(result);
        continue;
      }
      // One that fails behind another is told of when its turn comes.
      const ended = result.then(
        () => undefined,
        (error: unknown) => void failures.push(error),
      );
      underWay.push(result);
      if (underWay.length >= atOnce) await tellFirst();
      else if (i + 1 < chunks.length) {
        await Promise.race([isOnItsWay, ended]);
        await new Promise((resolve) => setTimeout(resolve, HEAD_START_MS));
      }
    }
    while (underWay.length > 0) await tellFirst();
  } catch (error) {
    for (const rest of await Promise.allSettled(underWay)) if (rest.status === 'fulfilled') tell(rest.value);
    throw error;
  }
}
