/** A terminal in memory that knows the escape sequences that the live view uses, and fails on any other. */
export class TerminalEmulator {
  readonly columns: number;
  readonly rows: number;
  isCursorShown = true;
  isOtherScreen = false;
  wraps = true;
  #lines: string[][];
  #row = 0;
  #column = 0;
  #rest = '';

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
    this.#lines = this.#blank();
  }

  /** What is to be seen, without blanks at the ends of lines. */
  get text(): string {
    return this.lines.join('\n');
  }

  get lines(): string[] {
    return this.#lines.map((cells) => cells.join('').trimEnd());
  }

  write(text: string): void {
    let left = this.#rest + text;
    this.#rest = '';
    while (left !== '') {
      // eslint-disable-next-line no-control-regex -- terminals are told what to do by control characters
      const [sequence, mark = '', numbers = '', letter] = /^\x1b\[(\??)([\d;]*)([A-Za-z])/.exec(left) ?? [];
      if (sequence !== undefined) {
        this.#obey(mark + (letter ?? ''), numbers === '' ? [] : numbers.split(';').map(Number));
        left = left.slice(sequence.length);
      } else if (left.startsWith('\x1b')) {
        if (left.length > 12) throw new Error(`not understood: ${JSON.stringify(left.slice(0, 12))}`);
        this.#rest = left;
        return;
      } else {
        const [character = ''] = left;
        this.#put(character);
        left = left.slice(character.length);
      }
    }
  }

  #obey(what: string, numbers: readonly number[]): void {
    const [first = 0, second = 0] = numbers;
    if (what === 'H') [this.#row, this.#column] = [(first || 1) - 1, (second || 1) - 1];
    else if (what === 'K') this.#lines[this.#row]?.fill(' ', this.#column);
    else if (what === 'J' && first === 2) this.#lines = this.#blank();
    else if (what === '?h' || what === '?l') this.#switch(first, what === '?h');
    else if (what !== 'm') throw new Error(`not understood: ${what} ${numbers.join()}`);
  }

  #switch(mode: number, isOn: boolean): void {
    if (mode === 25) this.isCursorShown = isOn;
    else if (mode === 7) this.wraps = isOn;
    else if (mode === 1049) {
      this.isOtherScreen = isOn;
      this.#lines = this.#blank();
    } else throw new Error(`not understood: mode ${mode}`);
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#feed();
    else {
      if (this.wraps && this.#column >= this.columns) {
        this.#column = 0;
        this.#feed();
      }
      const line = this.#lines[this.#row];
      if (line === undefined || this.#column >= this.columns) throw new Error(`${character} is beyond the screen`);
      const isWide = /[\u1100-\ud7a3\u{1f300}-\u{1f9ff}]/u.test(character) && !/[\u2000-\u2bff]/.test(character);
      line[this.#column++] = character;
      if (isWide) line[this.#column++] = '';
    }
  }

  /** The next line; below the last one there is room when the first one has gone. */
  #feed(): void {
    this.#row++;
    if (this.#row < this.rows) return;
    this.#row = this.rows - 1;
    this.#lines = [...this.#lines.slice(1), ...this.#blank().slice(1, 2)];
  }

  #blank(): string[][] {
    return Array.from({ length: this.rows }, () => Array.from({ length: this.columns }, () => ' '));
  }
}
