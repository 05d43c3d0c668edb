/** Where somebody is in the live view, and what keys do about it. It knows no terminal. */
import { lineKey, Outline, type OutlineLine } from './outline.js';
import type { WatchModel } from './model.js';
import type { WatchedPort } from './port-group.js';
import { portAddressTexts } from './watched-port.js';

/** A key, by the names that node:readline gives them, and what it types. */
export interface Key {
  readonly name: string | undefined;
  readonly ctrl: boolean;
  readonly text: string;
}

/** What a key asks of the program, beside what it does to the view. */
export type KeyAction = 'draw' | 'redraw-all' | 'quit' | 'interrupt' | 'suspend' | 'nothing';

/** Which ports by their state; `s` goes through them. */
export const STATE_FILTERS = ['all', 'up', 'down', 'retained', 'drifting'] as const;

/** See the head of this file. */
export class WatchView {
  readonly #model: WatchModel;
  readonly #closed = new Set<string>();
  /** What is looked for, in lower case as it was typed. */
  filterText = '';
  stateFilter: (typeof STATE_FILTERS)[number] = 'all';
  /** Is a text being typed to look for? */
  isTyping = false;
  isHelpShown = false;
  #isFilterStale = false;
  #outline: Outline | undefined;
  #outlineOf = -1;
  #chosen: OutlineLine | undefined;
  #place = 0;
  #top = 0;
  #height = 1;

  constructor(model: WatchModel) {
    this.#model = model;
  }

  get isFiltered(): boolean {
    return this.filterText !== '' || this.stateFilter !== 'all';
  }

  isClosed(line: OutlineLine): boolean {
    return this.#closed.has(lineKey(line));
  }

  /**
   * Has the model show what is looked for. To be called before it is drawn; not at each key, since it costs a look at
   * each port.
   */
  settle(): void {
    if (!this.#isFilterStale) return;
    this.#isFilterStale = false;
    const words = this.filterText.split(' ').filter((word) => word !== '');
    const { stateFilter } = this;
    const isFiltered = words.length > 0 || stateFilter !== 'all';
    this.#model.setFilter(isFiltered ? (port) => hasState(port, stateFilter) && hasWords(port, words) : undefined);
    this.#outline = undefined;
  }

  /** All lines that there are. */
  get outline(): Outline {
    this.settle();
    if (this.#outline === undefined || this.#outlineOf !== this.#model.revision) {
      this.#outline = new Outline(this.#model, this.#closed, this.isFiltered);
      this.#outlineOf = this.#model.revision;
      this.#follow(this.#outline);
    }
    return this.#outline;
  }

  /** The lines to be seen in so many lines of a terminal, and which of them is chosen. */
  window(height: number): { readonly top: number; readonly chosen: number } {
    const { length } = this.outline;
    this.#height = Math.max(1, height);
    if (this.#place < this.#top) this.#top = this.#place;
    if (this.#place >= this.#top + this.#height) this.#top = this.#place - this.#height + 1;
    this.#top = Math.max(0, Math.min(this.#top, length - this.#height));
    return { top: this.#top, chosen: this.#place };
  }

  /** The line that is chosen; undefined when there are none. */
  get chosen(): OutlineLine | undefined {
    return this.outline.at(this.#place);
  }

  /** Does what a key asks for. */
  press(key: Key): KeyAction {
    if (key.ctrl) {
      if (key.name === 'c') return 'interrupt';
      if (key.name === 'z') return 'suspend';
      if (key.name === 'l') return 'redraw-all';
    }
    if (this.isTyping) return this.#type(key);
    if (this.isHelpShown) {
      this.isHelpShown = false;
      return key.name === 'q' ? 'quit' : 'draw';
    }
    return this.#command(key);
  }

  #command({ name, ctrl, text }: Key): KeyAction {
    if (text === '?' || name === 'h' || name === 'f1') this.isHelpShown = true;
    else if (text === '/') this.isTyping = true;
    else if (text === 'G' || name === 'end') this.#go(this.outline.length - 1);
    else if (name === 'g' || name === 'home') this.#go(0);
    else if (name === 'q') return 'quit';
    else if (name === 'down' || name === 'j' || (ctrl && name === 'n')) this.#go(this.#place + 1);
    else if (name === 'up' || name === 'k' || (ctrl && name === 'p')) this.#go(this.#place - 1);
    else if (name === 'pagedown' || name === 'space' || (ctrl && (name === 'f' || name === 'd'))) this.#page(1);
    else if (name === 'pageup' || name === 'b' || (ctrl && name === 'u')) this.#page(-1);
    else if (name === 'return' || name === 'enter') this.#toggle();
    else if (name === 'left') this.#close();
    else if (name === 'right') this.#open();
    else if (name === 'c') this.#closeAll();
    else if (name === 'o') this.#changed(() => this.#closed.clear());
    else if (name === 's') this.#nextState();
    else if (name === 'escape') this.#clearFilter();
    else return 'nothing';
    return 'draw';
  }

  #type({ name, ctrl, text }: Key): KeyAction {
    if (name === 'return' || name === 'enter') this.isTyping = false;
    else if (name === 'escape') {
      this.isTyping = false;
      this.#filterBy('');
    } else if (name === 'backspace') this.#filterBy(Array.from(this.filterText).slice(0, -1).join(''));
    else if (ctrl && name === 'u') this.#filterBy('');
    else if (name === 'up' || name === 'down' || name === 'pageup' || name === 'pagedown') {
      this.isTyping = false;
      return this.#command({ name, ctrl, text });
    } else if (!ctrl && /^[^\p{Cc}]$/u.test(text)) this.#filterBy(this.filterText + text.toLowerCase());
    else return 'nothing';
    return 'draw';
  }

  #go(place: number): void {
    const { length } = this.outline;
    this.#place = Math.max(0, Math.min(place, length - 1));
    this.#chosen = this.outline.at(this.#place);
  }

  #page(by: 1 | -1): void {
    const step = Math.max(1, this.#height - 1);
    this.#top += by * step;
    this.#go(this.#place + by * step);
  }

  #toggle(): void {
    const line = this.chosen;
    if (line === undefined) return;
    if (line.kind === 'port' || !this.isClosed(line)) this.#close();
    else this.#open();
  }

  #open(): void {
    const line = this.chosen;
    if (line !== undefined && line.kind !== 'port') this.#changed(() => this.#closed.delete(lineKey(line)));
  }

  /** Closes what is chosen; what is closed already, or cannot be, goes to the line that it is under. */
  #close(): void {
    const line = this.chosen;
    if (line === undefined) return;
    const canClose = line.kind !== 'port' && !this.isClosed(line);
    if (canClose) this.#changed(() => this.#closed.add(lineKey(line)));
    else {
      const parent = this.outline.parentOf(line);
      if (parent !== undefined) this.#go(this.outline.placeOf(parent) ?? this.#place);
    }
  }

  #closeAll(): void {
    this.#changed(() => {
      for (const logicalSwitch of this.#model.switches) {
        for (const group of [...logicalSwitch.sets.values(), logicalSwitch.others]) {
          this.#closed.add(lineKey({ kind: 'group', group }));
        }
      }
    });
  }

  #nextState(): void {
    const next = (STATE_FILTERS.indexOf(this.stateFilter) + 1) % STATE_FILTERS.length;
    this.stateFilter = STATE_FILTERS[next] ?? 'all';
    this.#isFilterStale = true;
  }

  #filterBy(text: string): void {
    this.filterText = text;
    this.#isFilterStale = true;
  }

  #clearFilter(): void {
    this.stateFilter = 'all';
    this.#filterBy('');
  }

  #changed(change: () => void): void {
    change();
    this.#outline = undefined;
  }

  /** Stays with what was chosen; where that is gone, with what came in its place. */
  #follow(outline: Outline): void {
    let line = this.#chosen;
    let place: number | undefined;
    while (line !== undefined && (place = outline.placeOf(line)) === undefined) {
      // A port that is gone leaves its place to the next one; one that was closed away is under its group.
      if (line.kind === 'port' && line.port.group === undefined) break;
      line = outline.parentOf(line);
    }
    const from = this.#place;
    this.#place = Math.max(0, Math.min(place ?? from, outline.length - 1));
    // What is chosen stays where it is on the screen.
    if (place !== undefined) this.#top = Math.max(0, this.#top + this.#place - from);
    this.#chosen = outline.at(this.#place) ?? this.#chosen;
  }
}

function hasState({ facts }: WatchedPort, wanted: (typeof STATE_FILTERS)[number]): boolean {
  if (wanted === 'all') return true;
  return wanted === 'drifting' ? facts.drift !== undefined : facts.state === wanted;
}

function hasWords({ row, facts, group }: WatchedPort, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { ip, mac } = portAddressTexts(row);
  const text = [facts.name, ip, mac, facts.kept?.statefulSet, group?.logicalSwitch.name].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}
