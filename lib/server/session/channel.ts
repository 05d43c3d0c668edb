/** A connection as the server sees it: bytes of a client come in, texts go out. */
import type { Buffer } from 'node:buffer';

/** What a {@link Channel} tells the session that it carries. */
export interface ChannelHandlers {
  onData(chunk: Buffer): void;
  /** The client has ended the connection, or it was lost. Not called after {@link Channel.close}. */
  onClose(): void;
}

/** See the head of this file. */
export interface Channel {
  /** Can the client only be on this machine? Such a client is not asked for signs of life. */
  readonly isLocal: boolean;
  /** Starts delivery; to be called once, at once. */
  start(handlers: ChannelHandlers): void;
  /** Queues a text; after the end it is dropped. */
  send(text: string): void;
  /** Ends the connection; what was sent before still arrives. Idempotent. */
  close(): void;
}
