/**
 * The machine's time and the turns of its loop, as they are when this is loaded. A test runner's fake timers replace
 * the globals, and some the contents of Node's modules, for the program under test: its connection to a database goes
 * on meanwhile.
 */
import { performance as machine } from 'node:perf_hooks';
import process from 'node:process';
import timers from 'node:timers';

export const setTimeout: typeof timers.setTimeout = timers.setTimeout;
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout;
export const setInterval: typeof timers.setInterval = timers.setInterval;
export const clearInterval: typeof timers.clearInterval = timers.clearInterval;
export const setImmediate: typeof timers.setImmediate = timers.setImmediate;
export const nextTick: typeof process.nextTick = process.nextTick.bind(process);
export const performance: { readonly now: () => number } = { now: machine.now.bind(machine) };

/** The longest delay that timers take, in milliseconds (24.8 days): Node fires one that is set to more at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
