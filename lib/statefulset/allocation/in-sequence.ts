/**
 * Chunks of work in sequence, each begun when the one before is on its way: while the server works on one, the next is
 * planned and written, which takes about as long.
 */

/** What the one before is given to go out, in milliseconds; a plan that is made at once would keep it from the socket. */
const HEAD_START_MS = 1;

/**
 * Begins each chunk, at most `atOnce` at a time, and calls `tell` with what came of it, in sequence; what is there at once
 * is no promise. When one fails, no other is begun, those under way come to their end, and it rejects as the first one
 * that failed.
 */
export async function inSequence<C, R extends object>(
  chunks: readonly C[],
  atOnce: number,
  begin: (chunk: C) => R | Promise<R>,
  tell: (result: R) => void,
): Promise<void> {
  const underWay: Promise<R>[] = [];
  const tellFirst = async (): Promise<void> => {
    const [first] = underWay;
    if (first === undefined) return;
    tell(await first);
    void underWay.shift();
  };
  try {
    for (const [i, chunk] of chunks.entries()) {
      const result = begin(chunk);
      if (!(result instanceof Promise)) {
        while (underWay.length > 0) await tellFirst();
        tell(result);
        continue;
      }
      // One that fails behind another is looked at when its turn comes.
      void result.catch(() => undefined);
      underWay.push(result);
      if (underWay.length >= atOnce) await tellFirst();
      else if (i + 1 < chunks.length) await new Promise((resolve) => setTimeout(resolve, HEAD_START_MS));
    }
    while (underWay.length > 0) await tellFirst();
  } catch (error) {
    for (const rest of await Promise.allSettled(underWay)) if (rest.status === 'fulfilled') tell(rest.value);
    throw error;
  }
}
