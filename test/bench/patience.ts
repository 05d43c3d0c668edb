/** Options of clients that get in sync with what no server sends within the usual times. */
export const PATIENCE = {
  readyTimeoutMs: 600_000,
  snapshotTimeoutMs: 600_000,
  /** A snapshot of a million ports has about 450 MB. */
  maxMessageBytes: 2 ** 31,
} as const;
