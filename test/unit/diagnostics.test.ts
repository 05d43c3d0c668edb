import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { expect } from 'chai';

import { DIAGNOSTICS_CHANNELS, publish, type OverflowMessage } from '../../lib/diagnostics.js';

const message: OverflowMessage = { database: 'DB', batches: 3, changes: 4 };

describe('publish', () => {
  it('makes nothing without a subscriber', () => {
    let made = 0;
    publish('overflow', () => {
      made++;
      return message;
    });
    expect(made).to.equal(0);
  });

  it('gives every subscriber the message, under the name of its channel', () => {
    const got: unknown[] = [];
    const listener = (...args: unknown[]): void => void got.push(args);
    subscribe('ovn-northbound:overflow', listener);
    subscribe(DIAGNOSTICS_CHANNELS.warning, listener);
    try {
      publish('overflow', () => message);
    } finally {
      unsubscribe('ovn-northbound:overflow', listener);
      unsubscribe(DIAGNOSTICS_CHANNELS.warning, listener);
    }
    expect(got).to.deep.equal([[message, 'ovn-northbound:overflow']]);
  });

  it('does not throw what a subscriber throws, and serves the next one', async () => {
    const fault = new Error('a fault of the subscriber');
    // Node raises it on the next tick; mocha would take it for a failure of the test.
    const raised = new Promise((resolve) => {
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const other of others) process.on('uncaughtException', other);
        resolve(error);
      });
    });
    const got: unknown[] = [];
    const throwing = (): void => {
      throw fault;
    };
    const listening = (each: unknown): void => void got.push(each);
    subscribe(DIAGNOSTICS_CHANNELS.overflow, throwing);
    subscribe(DIAGNOSTICS_CHANNELS.overflow, listening);
    try {
      publish('overflow', () => message);
      expect(got).to.deep.equal([message]);
      expect(await raised).to.equal(fault);
    } finally {
      unsubscribe(DIAGNOSTICS_CHANNELS.overflow, throwing);
      unsubscribe(DIAGNOSTICS_CHANNELS.overflow, listening);
    }
  });
});
