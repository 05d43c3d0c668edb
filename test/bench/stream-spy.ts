/** A client's byte stream with an ear at it: when the reply to a request began to arrive, and how much came. */
import { Buffer } from 'node:buffer';

import { connectStream } from '../../lib/wire/connect-stream.js';
import type { OpenStream } from '../../lib/wire/stream.js';
import { ownCpuMs } from './worker.js';

/** See the head of this file. */
export class StreamSpy {
  /** To be given to a client. */
  readonly openStream: OpenStream;
  /** When the last connection was asked for, and the CPU time of this process by then. */
  openedAt = NaN;
  openedCpuMs = NaN;
  /** When the first bytes of the snapshot came. */
  snapshotAt = NaN;
  onSnapshot: () => void = () => undefined;
  bytesReceived = 0;
  /** The beginning of the reply that is waited for. */
  #awaited: Buffer | undefined;

  constructor() {
    this.openStream = async (...args) => {
      this.openedAt = performance.now();
      this.openedCpuMs = ownCpuMs();
      const stream = await connectStream(...args);
      const write = stream.write.bind(stream);
      const start = stream.start.bind(stream);
      stream.write = (text) => {
        this.#look(text);
        write(text);
      };
      stream.start = (handlers) => {
        start({
          onData: (chunk) => {
            this.#listen(chunk);
            handlers.onData(chunk);
          },
          onClose: (error) => handlers.onClose(error),
        });
      };
      return stream;
    };
  }

  #look(text: string): void {
    if (!text.includes('"monitor_cond_since"') || !text.includes('"Logical_Switch_Port"')) return;
    const { id } = JSON.parse(text) as { id: unknown };
    this.#awaited = Buffer.from(`{"id":${JSON.stringify(id)},`);
    this.snapshotAt = NaN;
  }

  #listen(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    if (this.#awaited === undefined || !chunk.includes(this.#awaited)) return;
    this.snapshotAt = performance.now();
    this.#awaited = undefined;
    this.onSnapshot();
  }
}
