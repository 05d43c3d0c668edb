/** The controller's Events: one for each fact, counted, and never a reason to wait. */
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { EventRecorder, type EventRecorderOptions } from '../../examples/kubernetes-controller/src/events.js';
import type { RequestDetails } from '../../examples/kubernetes-controller/src/kube-api.js';
import { KubeError } from '../../examples/kubernetes-controller/src/kube-error.js';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const SUBJECT = {
  apiVersion: 'v1',
  kind: 'Pod',
  object: { metadata: { name: 'web-0', namespace: 'product', uid: 'u1', resourceVersion: '5' } },
} as const;
const EVENTS = '/api/v1/namespaces/product/events';

describe("the controller's events", () => {
  let sent: Sent[];
  let now: number;
  let answers: unknown[];

  beforeEach(() => {
    sent = [];
    now = Date.UTC(2030, 0, 1);
    answers = [];
  });

  /** A recorder whose requests are answered from `answers`, or else with success. */
  function recorder(options: Partial<EventRecorderOptions> = {}): EventRecorder {
    const request = <T>(method: string, path: string, { body }: RequestDetails): Promise<T> => {
      sent.push({ method, path, body: (body ?? {}) as Sent['body'] });
      const answer = answers.shift() ?? {};
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as T);
    };
    return new EventRecorder({
      api: { request },
      log: () => undefined,
      now: () => now,
      repeatMs: 60_000,
      backOff: { minMs: 1, maxMs: 2 },
      ...options,
    });
  }

  async function settled(count: number): Promise<void> {
    for (let i = 0; i < 500 && sent.length < count; i++) await sleep(1);
    await sleep(5);
    expect(sent.map(({ method }) => method)).to.have.lengthOf(count);
  }

  it('are core Events of type Warning, about the object with its uid', async () => {
    const events = recorder();
    events.warn(SUBJECT, 'PoolExhausted', 'no address is left');
    await settled(1);
    const [{ method, path, body }] = sent as [Sent];
    expect(`${method} ${path}`).to.equal(`POST ${EVENTS}`);
    expect(body).to.deep.include({
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace: 'product',
        name: 'web-0',
        uid: 'u1',
        resourceVersion: '5',
      },
      type: 'Warning',
      reason: 'PoolExhausted',
      message: 'no address is left',
      firstTimestamp: '2030-01-01T00:00:00Z',
      lastTimestamp: '2030-01-01T00:00:00Z',
      count: 1,
    });
    expect((body['metadata'] as { name: string }).name).to.match(/^web-0\.[0-9a-f]{16}$/);
    await events.close(100);
  });

  it('are written once for the same fact, and counted on after a while', async () => {
    const events = recorder();
    for (let i = 0; i < 10; i++) {
      events.warn(SUBJECT, 'PoolExhausted', 'no address is left');
      await sleep(1);
    }
    await settled(1);
    now += 61_000;
    events.warn(SUBJECT, 'PoolExhausted', 'no address is left');
    await settled(2);
    expect(sent[1]).to.deep.equal({
      method: 'PATCH',
      path: `${EVENTS}/${(sent[0]?.body['metadata'] as { name: string }).name}`,
      body: { count: 11, lastTimestamp: '2030-01-01T00:01:01Z' },
    });
    events.warn(SUBJECT, 'PoolExhausted', 'another message');
    events.warn(SUBJECT, 'AddressInUse', 'no address is left');
    await settled(4);
    await events.close(100);
  });

  it('go on counting one that an earlier run, or another controller, has made', async () => {
    answers = [new KubeError('there is one', { status: 409 }), { count: 7 }];
    const events = recorder();
    events.warn(SUBJECT, 'PoolExhausted', 'no address is left');
    await settled(3);
    expect(sent.map(({ method }) => method)).to.deep.equal(['POST', 'GET', 'PATCH']);
    expect(sent[2]?.body).to.include({ count: 8 });
    await events.close(100);
  });

  it('are made anew when the API server has forgotten them', async () => {
    const events = recorder();
    events.warn(SUBJECT, 'PoolExhausted', 'no address is left');
    await settled(1);
    now += 7_200_000;
    answers = [new KubeError('gone', { status: 404 })];
    events.warn(SUBJECT, 'PoolExhausted', 'no address is left');
    await settled(3);
    expect(sent.map(({ method }) => method)).to.deep.equal(['POST', 'PATCH', 'POST']);
    expect(sent[2]?.body).to.include({ count: 1, firstTimestamp: '2030-01-01T02:00:00Z' });
    await events.close(100);
  });

  it('are tried again when they cannot be written, a few times, and given up where that is hopeless', async () => {
    answers = [new KubeError('busy', { status: 429 }), new KubeError('reset')];
    const events = recorder();
    events.warn(SUBJECT, 'PoolExhausted', 'one');
    await settled(3);
    answers = [new KubeError('no such namespace', { status: 404 })];
    events.warn(SUBJECT, 'PoolExhausted', 'two');
    await settled(4);
    events.warn(SUBJECT, 'PoolExhausted', 'two');
    await settled(4);
    answers = Array.from({ length: 20 }, () => new KubeError('down', { status: 500 }));
    events.warn(SUBJECT, 'PoolExhausted', 'three');
    await settled(9);
    await events.close(100);
  });

  it('are shortened to what the API server takes', async () => {
    const events = recorder();
    events.warn(SUBJECT, 'PoolExhausted', 'x'.repeat(5000));
    await settled(1);
    const message = String(sent[0]?.body['message']);
    expect(Buffer.byteLength(message)).to.equal(1024);
    expect(message).to.match(/^x+…$/);
    // The API server counts bytes, and takes no half characters.
    events.warn(SUBJECT, 'PoolExhausted', `x${'é'.repeat(600)}`);
    await settled(2);
    const other = String(sent[1]?.body['message']);
    expect(Buffer.byteLength(other)).to.be.within(1020, 1024);
    expect(other).to.match(/^xé+…$/);
    await events.close(100);
  });

  it('get some time to be written at the end, and no more', async () => {
    const events = recorder({ backOff: { minMs: 60_000, maxMs: 60_000 } });
    answers = [new KubeError('down', { status: 500 })];
    events.warn(SUBJECT, 'PoolExhausted', 'no address is left');
    const startedAt = performance.now();
    await events.close(30);
    expect(performance.now() - startedAt).to.be.within(20, 2_000);
    events.warn(SUBJECT, 'PoolExhausted', 'after the end');
    await sleep(5);
    expect(sent).to.have.lengthOf(1);
  });
});
