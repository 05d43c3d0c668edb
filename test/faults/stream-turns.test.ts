/** Long messages on a real socket leave time for everything else. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net';

import { expect } from 'chai';

import { SocketStream } from '../../lib/wire/socket-stream.js';
import { eventually } from '../integration/raw-client.js';

const CHUNK = Buffer.alloc(65_536, 'x');
const CHUNKS = 200;

/** Always has one more chunk, as a socket has whose peer is faster than this process, until all have been read. */
class EndlessSocket extends Socket {
  #left: number;

  constructor(chunks: number) {
    super();
    this.#left = chunks;
  }

  override _read(): void {
    this.push(this.#left-- > 0 ? CHUNK : null);
  }
}

/** Keeps the process busy. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a stream of which much comes', () => {
  let server: Server;
  let peer: Socket;
  let stream: SocketStream;
  let received: number;
  let closed: Error | undefined;

  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    [peer] = await accepted;
    peer.on('error', () => undefined);
    stream = new SocketStream({ scheme: 'tcp', host: '127.0.0.1', port }, socket);
    received = 0;
    closed = undefined;
  });
  afterEach(async () => {
    stream.close();
    peer.destroy();
    server.close();
    await once(server, 'close');
  });

  function start(onData: (chunk: Buffer) => void = () => undefined): void {
    stream.start({
      onData: (chunk) => {
        received += chunk.length;
        onData(chunk);
      },
      onClose: (error) => (closed = error),
    });
  }
  function send(chunks = CHUNKS): void {
    for (let i = 0; i < chunks; i++) peer.write(CHUNK);
  }
  const all = (): boolean => received === CHUNKS * CHUNK.length;

  it('lets timers have their turn every few chunks, however slowly those are taken', async () => {
    const reader = new SocketStream(stream.remote, new EndlessSocket(60));
    let chunksInARow = 0;
    let most = 0;
    let chunks = 0;
    const tick = setInterval(() => (chunksInARow = 0), 1);
    reader.start({
      onData: () => {
        chunks++;
        most = Math.max(most, ++chunksInARow);
        work(2);
      },
      onClose: () => undefined,
    });
    await eventually(() => reader.ended, 'the end');
    clearInterval(tick);
    expect(chunks).to.equal(60);
    // Three of them take longer than a turn.
    expect(most).to.be.within(1, 6);
  });

  it('hands over everything, in order, also when its owner pauses and resumes it meanwhile', async () => {
    let pauses = 0;
    let whilePaused = 0;
    let paused = false;
    start(() => {
      if (paused) whilePaused++;
      work(1);
      if (pauses >= 20 || received < pauses * 5 * CHUNK.length) return;
      pauses++;
      paused = true;
      stream.pause();
      const resume = (): void => {
        paused = false;
        stream.resume();
      };
      // In the same turn, in the next, and much later than the turns of the stream.
      if (pauses % 3 === 0) resume();
      else if (pauses % 3 === 1) setImmediate(resume);
      else setTimeout(resume, 15);
    });
    send();
    await eventually(all, 'everything has come');
    expect(pauses).to.equal(20);
    expect(whilePaused).to.equal(0);
  });

  it('stays paused for as long as its owner wants, also beyond the end of a turn', async () => {
    start(() => {
      work(7);
      stream.pause();
    });
    send();
    await eventually(() => received > 0, 'the first chunk');
    const before = received;
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(received).to.equal(before);
    stream.resume();
    await eventually(() => received > before, 'the next chunk');
  });

  it('is silent once it was closed in the middle of a turn', async () => {
    start(() => {
      work(7);
      if (received > 10 * CHUNK.length) stream.close();
    });
    send();
    await eventually(() => stream.ended, 'the end');
    const before = received;
    await eventually(() => peer.closed, 'the peer notices');
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect(received).to.equal(before);
    expect(closed).to.equal(undefined);
  });

  it('hands over all that came before the peer ended, and then tells of the end', async () => {
    start(() => {
      expect(closed).to.equal(undefined);
      work(3);
    });
    send();
    peer.end();
    await eventually(() => closed !== undefined, 'the end');
    expect(all()).to.equal(true);
    expect(closed).to.include({ code: 'ConnectionLost' });
  });
});
