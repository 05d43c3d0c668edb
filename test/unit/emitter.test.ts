import { expect } from 'chai';

import { GuardedEmitter } from '../../lib/emitter.js';

interface Events {
  tick: [count: number];
  other: [];
}

describe('GuardedEmitter', () => {
  let errors: [string, unknown][];
  let emitter: GuardedEmitter<Events>;

  beforeEach(() => {
    errors = [];
    emitter = new GuardedEmitter((event, error) => errors.push([event, error]));
  });

  it('calls listeners in the order of registration', () => {
    const seen: string[] = [];
    emitter.on('tick', (count) => seen.push(`a${count}`));
    emitter.on('tick', (count) => seen.push(`b${count}`));
    emitter.emit('tick', 1);
    emitter.emit('other');
    expect(seen).to.deep.equal(['a1', 'b1']);
  });

  it('hands over what a listener throws, and calls the others all the same', () => {
    const seen: number[] = [];
    const fault = new Error('broken');
    emitter.on('tick', () => {
      throw fault;
    });
    emitter.on('tick', (count) => seen.push(count));
    emitter.emit('tick', 7);
    expect(seen).to.deep.equal([7]);
    expect(errors).to.deep.equal([['tick', fault]]);
  });

  it('hands over what an async listener rejects with', async () => {
    const fault = new Error('broken');
    const broken: () => unknown = () => Promise.reject(fault);
    emitter.on('tick', broken);
    emitter.emit('tick', 1);
    await Promise.resolve();
    expect(errors).to.deep.equal([['tick', fault]]);
  });

  it('calls a listener of once() a single time, also when that throws or emits again', () => {
    let calls = 0;
    emitter.once('tick', (count) => {
      calls++;
      if (count < 3) emitter.emit('tick', count + 1);
      throw new Error('broken');
    });
    emitter.emit('tick', 1);
    emitter.emit('tick', 2);
    expect(calls).to.equal(1);
    expect(errors).to.have.lengthOf(1);
  });

  it('stops a listener of once() by off()', () => {
    let calls = 0;
    const listener = (): number => calls++;
    emitter.once('tick', listener);
    emitter.off('tick', listener);
    emitter.emit('tick', 1);
    expect(calls).to.equal(0);
    expect(emitter.listenerCount('tick')).to.equal(0);
  });

  it('stops with the returned function only that registration', () => {
    let calls = 0;
    const listener = (): number => calls++;
    const stop = emitter.on('tick', listener);
    emitter.on('tick', listener);
    stop();
    stop();
    emitter.emit('tick', 1);
    expect(calls).to.equal(1);
    emitter.off('tick', listener);
    emitter.emit('tick', 2);
    expect(calls).to.equal(1);
  });

  it('keeps the events of one name apart from those of another', () => {
    const seen: string[] = [];
    const listener = (): void => void seen.push('called');
    emitter.on('tick', listener);
    emitter.on('other', listener);
    emitter.off('tick', listener);
    emitter.emit('tick', 1);
    emitter.emit('other');
    expect(seen).to.deep.equal(['called']);
  });

  it('does not call a listener that was added during the event', () => {
    const seen: string[] = [];
    emitter.on('tick', () => {
      emitter.on('tick', () => seen.push('late'));
    });
    emitter.emit('tick', 1);
    expect(seen).to.deep.equal([]);
    emitter.emit('tick', 2);
    expect(seen).to.deep.equal(['late']);
  });

  it('forgets all listeners by clear()', () => {
    let calls = 0;
    emitter.on('tick', () => calls++);
    emitter.clear();
    emitter.emit('tick', 1);
    expect(calls).to.equal(0);
  });
});
