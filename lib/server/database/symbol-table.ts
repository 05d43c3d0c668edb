/** The names that the inserts of one transaction give to their rows (`uuid-name`, RFC 7047 §5.2.1). */

interface Name {
  uuid: string;
  created: boolean;
}

/** See the head of this file. A name may be used before the insert that it belongs to. */
export class SymbolTable {
  readonly #names = new Map<string, Name>();
  readonly #makeUuid: () => string;

  constructor(makeUuid: () => string) {
    this.#makeUuid = makeUuid;
  }

  /** The uuid that a name stands for. A name that no insert ever takes stands for a row that does not exist. */
  refer(name: string): string {
    return this.#get(name).uuid;
  }

  /** The uuid of the row that an insert of this name makes; undefined when another insert has the name. */
  create(name: string, uuid: string | undefined): string | undefined {
    const entry = this.#get(name);
    if (entry.created) return undefined;
    entry.created = true;
    // Those who used the name before keep the uuid that they were given, as with the real server.
    if (uuid !== undefined) entry.uuid = uuid;
    return entry.uuid;
  }

  #get(name: string): Name {
    let entry = this.#names.get(name);
    if (entry === undefined) {
      entry = { uuid: this.#makeUuid(), created: false };
      this.#names.set(name, entry);
    }
    return entry;
  }
}
