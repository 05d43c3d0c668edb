import { Buffer } from 'node:buffer';

import { expect } from 'chai';

import { HeldBytes } from '../../../lib/wire/held-bytes.js';

describe('HeldBytes', () => {
  it('gives back what it was given, in order, small parts and large ones, time after time', () => {
    const held = new HeldBytes();
    for (const sizes of [
      [1, 4095, 4096, 3, 70_000, 1],
      Array.from({ length: 5000 }, (_, i) => i % 97),
      [4096],
      [0],
      [2, 2],
    ]) {
      const parts = sizes.map((size, i) => Buffer.alloc(size, i));
      let length = 0;
      for (const part of parts) {
        held.append(part);
        length += part.length;
        expect(held.length).to.equal(length);
      }
      const rest = Buffer.from('rest');
      expect(held.takeWith(rest).equals(Buffer.concat([...parts, rest]))).to.equal(true);
      expect(held.length).to.equal(0);
    }
  });

  it('copies nothing where nothing is held', () => {
    const bytes = Buffer.from('whole');
    expect(new HeldBytes().takeWith(bytes)).to.equal(bytes);
  });

  it('does not give out memory that later parts are written to', () => {
    const held = new HeldBytes();
    held.append(Buffer.from('one'));
    const one = held.takeWith(Buffer.alloc(0));
    held.append(Buffer.from('two'));
    expect(one.toString()).to.equal('one');
    expect(held.takeWith(Buffer.alloc(0)).toString()).to.equal('two');
  });

  it('keeps a small part as a copy, so that the chunk around it can go', () => {
    const chunk = Buffer.from('x'.repeat(100));
    const held = new HeldBytes();
    held.append(chunk.subarray(0, 10));
    chunk.fill('y');
    expect(held.takeWith(Buffer.alloc(0)).toString()).to.equal('x'.repeat(10));
  });
});
