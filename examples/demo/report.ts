/** What the demo prints: headings, tables, and a mark for every promise that was put to the test. */

/** Longer tables are shown by their beginning and end. */
const MAX_TABLE_ROWS = 14;
const SHOWN_AT_EACH_END = 6;

/** Prints, and counts the promises that were not kept. */
export class Report {
  #steps = 0;
  #kept = 0;
  #broken = 0;
  readonly #colors: boolean;

  constructor() {
    const { NO_COLOR = '', TERM } = process.env;
    this.#colors = process.stdout.isTTY && NO_COLOR === '' && TERM !== 'dumb';
  }

  get kept(): number {
    return this.#kept;
  }

  get broken(): number {
    return this.#broken;
  }

  say(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  title(text: string): void {
    this.say();
    this.say(this.#style('1;36', text));
  }

  /** Starts the next numbered step, with a sentence on what happens and why. */
  step(title: string, explanation: string): void {
    this.#steps += 1;
    this.say();
    this.say(this.#style('1', `${this.#steps}. ${title}`));
    for (const line of wrap(explanation, 97)) this.say(`   ${line}`);
    this.say();
  }

  note(text: string): void {
    for (const line of wrap(text, 97)) this.say(`   ${line}`);
  }

  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    if (rows.length === 0) {
      this.say('     (no rows)');
      this.say();
      return;
    }
    const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
    const line = (cells: readonly string[]): string =>
      `     ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
    this.say(this.#style('2', line(header)));
    const omitted = rows.length > MAX_TABLE_ROWS ? rows.length - 2 * SHOWN_AT_EACH_END : 0;
    rows.forEach((row, i) => {
      if (omitted > 0 && i === SHOWN_AT_EACH_END) this.say(`     ... ${omitted} more`);
      if (omitted === 0 || i < SHOWN_AT_EACH_END || i >= SHOWN_AT_EACH_END + omitted) this.say(line(row));
    });
    this.say();
  }

  /** Reports whether a promise was kept; `found` says what was found instead. */
  check(kept: boolean, promise: string, found?: string): void {
    if (kept) this.#kept += 1;
    else this.#broken += 1;
    const mark = kept ? this.#style('32', '✓') : this.#style('1;31', '✗');
    this.say(`   ${mark} ${promise}${kept || found === undefined ? '' : `, but ${found}`}`);
  }

  /** Reports something that cannot be shown here. It counts neither way. */
  skip(text: string): void {
    const [first = '', ...others] = wrap(text, 95);
    this.say(`   - ${first}`);
    for (const line of others) this.say(`     ${line}`);
  }

  #style(code: string, text: string): string {
    return this.#colors ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
