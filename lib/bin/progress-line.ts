/** How far long work has come, for somebody at a terminal: one line on standard error, gone when the work is done. */

/** Where the line is written. */
export interface StatusTerminal {
  readonly columns: number;
  write(text: string): void;
}

/** Long work. */
export interface ProgressTask {
  /** What is done now. */
  describe(what: string): void;
  /** So many more are done. */
  advance(by?: number): void;
  /** So many are done. */
  reach(count: number): void;
  /** Writes the line now, because what follows leaves no time for it. */
  show(): void;
  end(): void;
}

/** Work that is quicker shows nothing. */
const QUICK_MS = 400;
const REFRESH_MS = 200;

/** The line of a process; one piece of work at a time has it, the one that began last. */
export class ProgressLine {
  readonly #terminal: StatusTerminal;
  readonly #tasks: Task[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isShown = false;
  #shownAt = -Infinity;

  constructor(terminal: StatusTerminal) {
    this.#terminal = terminal;
  }

  /** Begins a piece of work: `what`, and how many there are of what `unit` names, if that is known. */
  begin(what: string, total?: number, unit = 'ports'): ProgressTask {
    const task = new Task(what, total, unit, (isForced) => this.#refresh(isForced));
    this.#tasks.push(task);
    task.onEnd = () => {
      this.#tasks.splice(this.#tasks.indexOf(task), 1);
      if (this.#tasks.length > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.clear();
    };
    this.#timer ??= setInterval(() => this.#refresh(false), REFRESH_MS).unref();
    return task;
  }

  /** Ends whatever is still under way, because the command has ended. */
  close(): void {
    for (const task of [...this.#tasks]) task.end();
  }

  /** Takes the line away, before something else is written; it comes back if the work goes on. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#terminal.write('\r\x1b[K');
  }

  #refresh(isForced: boolean): void {
    const task = this.#tasks.at(-1);
    const now = performance.now();
    if (task === undefined) return;
    if (!isForced && (now - task.startedAt < QUICK_MS || now - this.#shownAt < REFRESH_MS / 2)) return;
    this.#isShown = true;
    this.#shownAt = now;
    // In the last column some terminals would wrap.
    const text = Array.from(task.text(now))
      .slice(0, Math.max(0, this.#terminal.columns - 1))
      .join('');
    this.#terminal.write(`\r${text}\x1b[K`);
  }
}

class Task implements ProgressTask {
  readonly startedAt: number = performance.now();
  onEnd: (() => void) | undefined;
  readonly #total: number | undefined;
  readonly #unit: string;
  readonly #changed: (isForced: boolean) => void;
  #what: string;
  #count = 0;

  constructor(what: string, total: number | undefined, unit: string, changed: (isForced: boolean) => void) {
    this.#what = what;
    this.#total = total;
    this.#unit = unit;
    this.#changed = changed;
  }

  describe(what: string): void {
    this.#what = what;
    this.#changed(false);
  }

  advance(by = 1): void {
    this.reach(this.#count + by);
  }

  reach(count: number): void {
    this.#count = count;
    this.#changed(false);
  }

  show(): void {
    this.#changed(true);
  }

  end(): void {
    this.onEnd?.();
    this.onEnd = undefined;
  }

  text(now: number): string {
    return progressText({
      what: this.#what,
      unit: this.#unit,
      count: this.#count,
      total: this.#total,
      elapsedMs: now - this.startedAt,
    });
  }
}

/** The line: `applying product/web: 1200 of 5000 ports, 640/s, 2 s`. */
export function progressText({
  what,
  unit,
  count,
  total,
  elapsedMs,
}: {
  readonly what: string;
  readonly unit: string;
  readonly count: number;
  readonly total: number | undefined;
  readonly elapsedMs: number;
}): string {
  const parts: string[] = [];
  if (total !== undefined) parts.push(`${count} of ${total} ${unit}`);
  else if (count > 0) parts.push(`${count} ${unit}`);
  const perSecond = (count * 1000) / elapsedMs;
  if (count > 0 && elapsedMs > 0) parts.push(`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`);
  parts.push(timeText(elapsedMs));
  return `${what}: ${parts.join(', ')}`;
}

function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}
