/**
 * Which uuid of the real server is which of ours. Both make up their own, where an insert gives none; those of rows
 * are told by their results, those of versions by a look at the rows.
 */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** See the head of this file. */
export class UuidPairs {
  readonly #toOurs = new Map<string, string>();
  readonly #toTheirs = new Map<string, string>();

  pair(ours: string, theirs: string): void {
    if (ours === theirs) return;
    this.#toOurs.set(theirs, ours);
    this.#toTheirs.set(ours, theirs);
  }

  /** A JSON text with their uuids in place of ours. */
  toTheirs(text: string): string {
    return translate(text, this.#toTheirs);
  }

  /** A JSON text with our uuids in place of theirs. */
  toOurs(text: string): string {
    return translate(text, this.#toOurs);
  }
}

function translate(text: string, pairs: ReadonlyMap<string, string>): string {
  return text.replace(UUID, (uuid) => pairs.get(uuid.toLowerCase()) ?? uuid);
}
