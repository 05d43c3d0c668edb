/** Watches the objects that every other object inherits from. */
const PROTOTYPES: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Number.prototype,
  Boolean.prototype,
  Map.prototype,
  Set.prototype,
  Promise.prototype,
  Error.prototype,
];
const WATCHED: readonly object[] = [...PROTOTYPES, Object, Array];
const PARTS = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const;

/** `get` and `set` are compared, never called. */
type Descriptors = ReadonlyMap<PropertyKey, Readonly<Record<string, unknown>>>;

function descriptorsOf(object: object): Descriptors {
  return new Map(Reflect.ownKeys(object).map((key) => [key, { ...Object.getOwnPropertyDescriptor(object, key) }]));
}

/** What the watched objects looked like when the process began. */
const before = WATCHED.map(descriptorsOf);
const keyCount = Reflect.ownKeys(Object.prototype).length;

/** Quick look at the one that counts most: has it gained or lost a property? */
export function objectPrototypeGrew(): boolean {
  return Reflect.ownKeys(Object.prototype).length !== keyCount;
}

/** Thorough look: the properties of watched objects that are not what they were. */
export function changedPrototypes(): string[] {
  return WATCHED.flatMap((object, i) => {
    const old = before[i] as Descriptors;
    const now = descriptorsOf(object);
    const keys = new Set([...old.keys(), ...now.keys()]);
    const isSame = (key: PropertyKey): boolean =>
      PARTS.every((part) => Object.is(old.get(key)?.[part], now.get(key)?.[part]));
    const name = i < PROTOTYPES.length ? `prototype of ${object.constructor.name}` : (object as { name: string }).name;
    return [...keys].filter((key) => !isSame(key)).map((key) => `${name}: ${String(key)}`);
  });
}
