/** Shows lines on a whole terminal: writes what differs from what is there, and not more often than one can see. */
import { frameDifference, frameOf, type Frame, type Line } from './frame.js';
import type { Canvas } from './renderer.js';
import type { Terminal } from './terminal.js';

/** Shortest time between two pictures. */
export const FRAME_MS = 100;

/** The other screen of the terminal, so that what was there comes back; no cursor; and no wrapping at the last column. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

/** See the head of this file. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #draw: (canvas: Canvas) => readonly Line[];
  readonly #stops: (() => void)[] = [];
  #isOpen = false;
  #shown: Frame | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = -Infinity;
  /** Does it wait for the terminal to take what it was given? */
  #isFull = false;
  #isStale = false;

  /** `draw` is asked for the lines when they are needed, as many and as long as the canvas says. */
  constructor(terminal: Terminal, draw: (canvas: Canvas) => readonly Line[]) {
    this.#terminal = terminal;
    this.#draw = draw;
  }

  /** Takes the terminal, and draws. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#stops.push(
      this.#terminal.on('resize', () => this.redrawAll()),
      this.#terminal.on('continue', () => {
        // Whoever had the terminal meanwhile has left its screen.
        this.#terminal.write(ENTER);
        this.redrawAll();
      }),
      this.#terminal.on('drain', () => {
        this.#isFull = false;
        if (this.#isStale) this.request();
      }),
    );
    this.#terminal.write(ENTER);
    this.#shown = undefined;
    this.#paint();
  }

  /** Gives the terminal back as it was. May be called again. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const stop of this.#stops.splice(0)) stop();
    this.#terminal.write(LEAVE);
  }

  /** What is shown is not what is to be shown any more: draws soon. */
  request(): void {
    if (!this.#isOpen || this.#timer !== undefined) return;
    if (this.#isFull) {
      this.#isStale = true;
      return;
    }
    const waitMs = Math.max(0, this.#drawnAt + FRAME_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#paint();
    }, waitMs);
  }

  /** Draws all of it soon, whatever is there. */
  redrawAll(): void {
    this.#shown = undefined;
    this.request();
  }

  #paint(): void {
    const { columns, rows, isUnicode, hasColours } = this.#terminal;
    this.#drawnAt = performance.now();
    this.#isStale = false;
    const frame = frameOf(this.#draw({ columns, rows, isUnicode }), columns, isUnicode);
    const text = frameDifference(this.#shown, frame, hasColours);
    this.#shown = frame;
    if (text !== '') this.#isFull = !this.#terminal.write(text);
  }
}
