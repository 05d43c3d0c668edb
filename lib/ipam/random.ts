/** A source of random bytes: returns `size` of them. */
export type RandomBytes = (size: number) => Uint8Array;

/** `randomBytes` of node:crypto, which is loaded when it is first used: to load it takes milliseconds. */
const nodeRandomBytes: RandomBytes = (size) => process.getBuiltinModule('node:crypto').randomBytes(size);

/** A request to node:crypto costs far more than the few bytes of an address, so many are asked for at once. */
const STOCK_BYTES = 4096;
let stock: Uint8Array = new Uint8Array(0);
let given = 0;

/** The default source: `randomBytes` of node:crypto. No byte is given out twice. */
export const cryptoRandomBytes: RandomBytes = (size) => {
  if (size > STOCK_BYTES) return nodeRandomBytes(size);
  if (given + size > stock.length) {
    stock = nodeRandomBytes(STOCK_BYTES);
    given = 0;
  }
  given += size;
  return stock.subarray(given - size, given);
};

/** `size` random bytes in hexadecimal, two lower-case digits each. */
export function randomHex(size: number, randomBytes: RandomBytes = cryptoRandomBytes): string {
  const bytes = randomBytes(size);
  let text = '';
  for (let i = 0; i < size; i++) text += HEX[bytes[i] ?? 0] ?? '';
  return text;
}

/** Each byte in hexadecimal, two lower-case digits. */
export const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A number from 0 to `limit` - 1, each equally likely; `limit` must be at least 1. */
export function randomBelow(limit: bigint, randomBytes: RandomBytes): bigint {
  if (limit <= 0x1_0000_0000n) return BigInt(randomBelow32(Number(limit), randomBytes));
  const bits = (limit - 1n).toString(2).length;
  const bytes = Math.ceil(bits / 8);
  // Drawing again when the number is too high keeps the choice even; a remainder would favour the low numbers.
  // With the surplus bits dropped, fewer than two draws are needed on average.
  for (;;) {
    let value = 0n;
    for (const byte of randomBytes(bytes)) value = (value << 8n) | BigInt(byte);
    value >>= BigInt(bytes * 8 - bits);
    if (value < limit) return value;
  }
}

/** The same, with the same bytes, in the numbers that all IPv4 networks get along with. */
function randomBelow32(limit: number, randomBytes: RandomBytes): number {
  const bits = Math.max(1, 32 - Math.clz32(limit - 1));
  const size = Math.ceil(bits / 8);
  for (;;) {
    const bytes = randomBytes(size);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (bytes[i] ?? 0);
    value = Math.floor(value / 2 ** (size * 8 - bits));
    if (value < limit) return value;
  }
}
