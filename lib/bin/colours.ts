/** Whether results are printed in colours. */
import { hasColours, isCapable } from './watch/process-terminal.js';

/**
 * FORCE_COLOR decides, where it is set: 0 and false for none, anything else for colours even in pipes. Then NO_COLOR; and
 * then only a terminal gets colours.
 */
export function printsColours(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const forced = environment['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return isTerminal && hasColours(environment) && isCapable(environment);
}
