/** Mutations of bytes: what is left need not be JSON, nor UTF-8. */
import { Buffer } from 'node:buffer';

import type { Random } from '../random.js';

const STRUCTURE = Buffer.from('{}[]",:\\0123456789eE+-.tfnu \n\0');
const PIECES = [
  '}',
  '{',
  ']',
  '[',
  '"',
  '\\',
  '{}',
  ',',
  '[]',
  '\u0000',
  'null',
  '{"id":null,"method":"echo","params":[]}',
];

/** A copy of the bytes, changed in one to four places. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes);
  const times = 1 + (random.chance(0.3) ? random.below(4) : 0);
  for (let i = 0; i < times && result.length > 0; i++) {
    const at = random.below(result.length);
    const length = Math.min(result.length - at, 1 + random.below(random.chance(0.8) ? 8 : 400));
    switch (random.below(7)) {
      case 0:
        result[at] = (result[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        result[at] = random.below(256);
        break;
      case 2:
        result[at] = random.pick([...STRUCTURE]);
        break;
      case 3:
        result = joined(result.subarray(0, at), Buffer.from(random.pick(PIECES)), result.subarray(at));
        break;
      case 4:
        result = joined(result.subarray(0, at), result.subarray(at + length));
        break;
      case 5:
        result = joined(result.subarray(0, at + length), result.subarray(at));
        break;
      default:
        if (random.chance(0.2)) result = Buffer.from(result.subarray(0, at));
        else result[at] = 0x80 | random.below(128);
    }
  }
  return result;
}

/** The same bytes in pieces that were cut at random. */
export function cutUp(random: Random, bytes: Buffer): Buffer[] {
  if (!random.chance(0.3)) return [bytes];
  const most = random.pick([1, 3, 50, 1000]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length && pieces.length < 60;) {
    const size = 1 + random.below(most);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  const taken = pieces.reduce((sum, { length }) => sum + length, 0);
  if (taken < bytes.length) pieces.push(bytes.subarray(taken));
  return pieces;
}

function joined(...parts: readonly Buffer[]): Buffer<ArrayBuffer> {
  return Buffer.concat(parts);
}
