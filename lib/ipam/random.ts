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

/** A number from 0 to `limit` - 1, each equally likely; `limit` must be at least 1. */
export function randomBelow(limit: bigint, randomBytes: RandomBytes): bigint {
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
