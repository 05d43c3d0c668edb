/** The longest delay that timers take, in milliseconds (24.8 days): Node fires one that is set to more at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
