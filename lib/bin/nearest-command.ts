/** Guesses which command somebody meant. */
import { nearestName } from '../schema/suggest.js';

/** The known command that a mistyped one is most likely to be; undefined when none is near. */
export function nearestCommand(typed: string, known: Iterable<string>): string | undefined {
  const commands = [...known];
  const name = typed.toLowerCase();
  const begun = commands.filter((command) => name !== '' && command.startsWith(name));
  return (
    (begun.length === 1 ? begun[0] : undefined) ??
    nearestName(name, commands) ??
    // Two letters in the wrong order are two edits, and in a short word too many.
    commands.find((command) => lettersOf(command) === lettersOf(name))
  );
}

function lettersOf(word: string): string {
  return Array.from(word).sort().join('');
}
