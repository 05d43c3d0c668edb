/** What the demo prints: headings, tables, and a mark for every promise that was put to the test. */
import { setTimeout } from 'node:timers/promises';
import type { CommandOutput } from '../command-output.js';
import { printable } from '../printable.js';
import { fit, textWidth } from '../watch/text-width.js';

const MOST_COLUMNS = 80;
/** Addresses and their table do not get narrower. */
const LEAST_COLUMNS = 40;
const INDENT = '   ';
/** For eyes to follow, where there are any. */
const PACE_MS = 90;
/** Longer tables are shown by their beginning and end. */
const MAX_TABLE_ROWS = 14;
const SHOWN_AT_EACH_END = 6;
/** What is left of the first column, when a table is too wide. */
const LEAST_CELL = 12;

const SIGNS = { kept: '✓', broken: '✗', more: '…' };
const ASCII_SIGNS: typeof SIGNS = { kept: 'ok', broken: 'NO', more: '~' };

const STYLES = { title: '1;36', heading: '1', dim: '2', good: '32', bad: '1;31', notable: '33' } as const;
type Style = keyof typeof STYLES;

/** A row of a table. */
export interface TableRow {
  readonly cells: readonly string[];
  /** `good`: it is new; `notable`: it is none. */
  readonly style?: 'good' | 'notable' | undefined;
}

/** Prints, and counts the promises that were not kept. */
export class Report {
  readonly #output: Pick<CommandOutput, 'write' | 'look'>;
  readonly #signal: AbortSignal;
  readonly #broken: string[] = [];
  readonly #width: number;
  readonly #signs: typeof SIGNS;
  #steps = 0;
  #kept = 0;

  /** `signal` ends it between two steps. */
  constructor(output: Pick<CommandOutput, 'write' | 'look'>, signal: AbortSignal) {
    this.#output = output;
    this.#signal = signal;
    const { columns, isAscii } = output.look ?? {};
    this.#width = Math.max(LEAST_COLUMNS, Math.min(columns || MOST_COLUMNS, MOST_COLUMNS));
    this.#signs = isAscii === true ? ASCII_SIGNS : SIGNS;
  }

  get kept(): number {
    return this.#kept;
  }

  /** What was promised and not found. */
  get broken(): readonly string[] {
    return this.#broken;
  }

  say(text = '', style?: Style): void {
    this.#output.write(`${style === undefined ? text : this.#style(style, text)}\n`);
  }

  title(text: string): void {
    this.say();
    for (const line of wrap(text, this.#width)) this.say(line, 'title');
  }

  /** Words and what they stand for, in two columns. */
  facts(facts: readonly (readonly [name: string, text: string])[]): void {
    for (const [name, text] of facts) this.#hang(`${this.#style('dim', name.padEnd(9))}  `, 11, text);
  }

  /** Starts the next numbered step, with what happens and why. Rejects with the signal's reason. */
  async step(title: string, explanation: string): Promise<void> {
    await this.#pause();
    this.#steps += 1;
    this.say();
    this.say(`${this.#steps}. ${title}`, 'heading');
    this.note(explanation);
    this.say();
  }

  /** From the first column on. */
  paragraph(text: string): void {
    this.#hang('', 0, text);
  }

  note(text: string): void {
    this.#hang(INDENT, INDENT.length, text);
  }

  /** What belongs to the line before. */
  detail(text: string): void {
    this.#hang(`${INDENT}  `, INDENT.length + 2, text);
  }

  /** What somebody else has printed, as it is. */
  quote(text: string): void {
    this.say(`${INDENT}  ${printable(text)}`.trimEnd());
  }

  table(header: readonly string[], rows: readonly TableRow[]): void {
    if (rows.length === 0) {
      this.say(`${INDENT}(no ports)`);
      this.say();
      return;
    }
    const widths = header.map((title, i) =>
      Math.max(title.length, ...rows.map(({ cells }) => textWidth(cells[i] ?? ''))),
    );
    const total = widths.reduce((sum, width) => sum + width + 2, INDENT.length - 2);
    const [first = 0] = widths;
    widths[0] = Math.max(Math.min(first, LEAST_CELL), first - Math.max(0, total - this.#width));
    const line = (cells: readonly string[]): string =>
      `${INDENT}${cells.map((cell, i) => fit(cell, widths[i] ?? 0, this.#signs.more)).join('  ')}`.trimEnd();
    this.say(line(header), 'dim');
    const omitted = rows.length > MAX_TABLE_ROWS ? rows.length - 2 * SHOWN_AT_EACH_END : 0;
    rows.forEach(({ cells, style }, i) => {
      if (omitted > 0 && i === SHOWN_AT_EACH_END) this.say(`${INDENT}... ${omitted} more`);
      if (omitted === 0 || i < SHOWN_AT_EACH_END || i >= SHOWN_AT_EACH_END + omitted) this.say(line(cells), style);
    });
    this.say();
  }

  /** Reports whether a promise was kept; `found` says what was found instead. */
  check(kept: boolean, promise: string, found?: string): void {
    const text = kept || found === undefined ? promise : `${promise}, but ${found}`;
    if (kept) this.#kept += 1;
    else this.#broken.push(text);
    this.#mark(kept, text);
  }

  /** Reports something that cannot be shown here. It counts neither way. */
  skip(text: string): void {
    this.#hang(`${INDENT}- `, INDENT.length + 2, text);
  }

  /** The last word: what became of the promises. */
  summary(): void {
    this.say();
    if (this.#broken.length === 0) {
      this.say(`All ${this.#kept} promises were kept.`, 'good');
      return;
    }
    this.say(`${this.#broken.length} of ${this.#kept + this.#broken.length} promises were NOT kept:`, 'bad');
    for (const text of this.#broken) this.#mark(false, text);
  }

  /** Commands, with what each is good for. */
  commands(title: string, commands: readonly (readonly [command: string, purpose: string])[]): void {
    this.say();
    this.say(title, 'heading');
    const longest = Math.max(...commands.map(([command]) => command.length));
    const isNarrow = commands.every(([, purpose]) => longest + purpose.length <= this.#width - 4);
    for (const [command, purpose] of commands) {
      // A command that is cut could not be copied.
      if (isNarrow) this.say(`  ${command.padEnd(longest)}  ${this.#style('dim', purpose)}`);
      else this.say(`  ${command}\n      ${this.#style('dim', purpose)}`);
    }
  }

  async #pause(): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#output.look?.isTerminal !== true) return;
    await setTimeout(PACE_MS, undefined, { signal: this.#signal }).catch(() => this.#signal.throwIfAborted());
  }

  #mark(kept: boolean, text: string): void {
    const sign = kept ? this.#signs.kept : this.#signs.broken;
    const head = `${INDENT}${this.#style(kept ? 'good' : 'bad', sign)} `;
    this.#hang(head, INDENT.length + sign.length + 1, text);
  }

  /** A paragraph, whose first line begins with `head`, `indent` columns wide, and the others at the same column. */
  #hang(head: string, indent: number, text: string): void {
    wrap(text, this.#width - indent).forEach((line, i) => this.say(`${i === 0 ? head : ' '.repeat(indent)}${line}`));
  }

  #style(style: Style, text: string): string {
    return this.#output.look?.hasColours === true && text !== '' ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }
}

/** Lines of at most `width` columns, as far as words allow; without what a terminal should not get. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).map(printable)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
