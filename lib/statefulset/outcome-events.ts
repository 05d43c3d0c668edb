/** Tells listeners what became of pods' ports. */
import type { GuardedEmitter } from '../emitter.js';
import type { PodOutcome, StatefulSetPortManagerEvents } from './manager-results.js';

/** Event of an outcome that is no refusal. */
const EVENTS = {
  created: 'allocated',
  reused: 'reused',
  readdressed: 'readdressed',
  moved: 'moved',
  adopted: 'adopted',
} as const;

/** Emits the events of outcomes, in their sequence. */
export function emitOutcomes(
  events: GuardedEmitter<StatefulSetPortManagerEvents>,
  outcomes: readonly PodOutcome[],
): void {
  for (const outcome of outcomes) {
    if (outcome.status === 'refused') {
      const { code } = outcome.error;
      if (code === 'PoolExhausted' || code === 'SubnetExhausted') events.emit('exhausted', outcome.error);
      else if (code === 'AddressInUse' || code === 'MacInUse') events.emit('conflict', outcome.error);
      continue;
    }
    events.emit(EVENTS[outcome.status], outcome);
    // What was readdressed had drifted, and no longer does.
    if (outcome.drift !== undefined && outcome.status !== 'readdressed') events.emit('drift', outcome);
  }
}
