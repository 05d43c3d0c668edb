/** Log lines: one JSON object each, which is what log collectors of clusters expect. */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes one line. `fields` say what the message is about. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A log of this level and above that calls `write` with each line. */
export function jsonLog(least: LogLevel, write: (line: string) => void): Log {
  return (level, message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  };
}

/** An error in few words, with its code where it has one. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `${error.message} [${code}]` : error.message;
}
