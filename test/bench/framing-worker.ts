/** Child process: a client gets in sync with a snapshot that is in memory already, and arrives in chunks of a given size. */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import type { OpenStream, Stream, StreamHandlers } from '../../lib/wire/stream.js';
import { PATIENCE } from './patience.js';
import { ownCpuMs, report, task } from './worker.js';

export interface FramingTask {
  /** A server that answers all that does not ask for the snapshot. */
  readonly remote: string;
  /** File with the reply that holds the snapshot. */
  readonly replyFile: string;
  /** Size of the chunks that it arrives in; 0: in one. */
  readonly chunkBytes: number;
}

/** What a socket hands over before the event loop turns to other things. */
const TURN_BYTES = 65_536;

const WARM_UP_BYTES = 40_000_000;
const MAX_WARM_UPS = 10;

const { remote, replyFile, chunkBytes } = task() as FramingTask;
const file = readFileSync(replyFile);

/** The reply to the request with this id, in chunks that share no memory with those of another run. */
function chunksFor(id: unknown): Buffer[] {
  const reply = Buffer.concat([Buffer.from(`{"id":${JSON.stringify(id)}`), file.subarray(file.indexOf(','))]);
  if (chunkBytes === 0) return [reply];
  const chunks: Buffer[] = [];
  for (let at = 0; at < reply.length; at += chunkBytes) chunks.push(Buffer.from(reply.subarray(at, at + chunkBytes)));
  return chunks;
}

/** Hands out chunks as a socket does: as they come, unless told to pause. */
class Delivery {
  readonly #handlers: StreamHandlers;
  #chunks: Buffer[] = [];
  #paused = false;
  #scheduled = false;

  constructor(handlers: StreamHandlers) {
    this.#handlers = handlers;
  }

  add(chunks: readonly Buffer[]): void {
    this.#chunks = [...this.#chunks, ...chunks];
    this.#schedule();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#chunks.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      let count = 0;
      for (let bytes = 0; bytes < TURN_BYTES && count < this.#chunks.length && !this.#isPaused(); count++) {
        const chunk = this.#chunks[count] ?? Buffer.alloc(0);
        bytes += chunk.length;
        this.#handlers.onData(chunk);
      }
      this.#chunks = this.#chunks.slice(count);
      this.#schedule();
    });
  }

  #isPaused(): boolean {
    return this.#paused;
  }
}

/** Takes the place of the real stream for the request of the snapshot, and for nothing else. */
class Replay {
  startedAt = NaN;
  cpuBefore = NaN;

  readonly openStream: OpenStream = async (...args) => {
    const stream = await connectStream(...args);
    const write = stream.write.bind(stream);
    let delivery: Delivery | undefined;
    this.#direct(stream, (handlers) => (delivery = new Delivery(handlers)));
    stream.write = (text) => {
      if (!text.includes('"Logical_Switch_Port"') || !text.includes('"monitor_cond_since"')) {
        write(text);
        return;
      }
      const chunks = chunksFor((JSON.parse(text) as { id: unknown }).id);
      globalThis.gc?.();
      this.startedAt = performance.now();
      this.cpuBefore = ownCpuMs();
      delivery?.add(chunks);
    };
    const pause = stream.pause.bind(stream);
    const resume = stream.resume.bind(stream);
    stream.pause = () => {
      delivery?.pause();
      pause();
    };
    stream.resume = () => {
      delivery?.resume();
      resume();
    };
    return stream;
  };

  #direct(stream: Stream, deliverTo: (handlers: StreamHandlers) => void): void {
    const start = stream.start.bind(stream);
    stream.start = (handlers) => {
      deliverTo(handlers);
      start(handlers);
    };
  }
}

/** CPU and time per MB of one first sync. */
async function syncOnce(): Promise<{ cpuMsPerMb: number; mbPerSecond: number }> {
  const replay = new Replay();
  const client = await connectNorthbound({
    remotes: remote,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    ...PATIENCE,
    onWarning: () => undefined,
    openStream: replay.openStream,
  });
  const wallMs = performance.now() - replay.startedAt;
  const cpuMs = ownCpuMs() - replay.cpuBefore;
  if (client.tables.Logical_Switch_Port.size === 0) throw new Error('the snapshot did not arrive');
  client.close();
  await sleep(0);
  const mb = file.length / 1e6;
  return { cpuMsPerMb: cpuMs / mb, mbPerSecond: (mb / wallMs) * 1000 };
}

// Until the compiled code is what a controller runs, however small the snapshot is.
for (let i = 0; i < MAX_WARM_UPS && i * file.length < WARM_UP_BYTES; i++) await syncOnce();
const figures = await syncOnce();
report({ ...figures, mb: file.length / 1e6 });
