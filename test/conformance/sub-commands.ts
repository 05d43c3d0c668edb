/** The sub-commands of a client transaction: `set 0 b 1, insert 2, ...`. */
import type { Operation } from '../../lib/transaction/operations.js';
import { isUuid, type Uuid } from '../../lib/schema/uuid.js';
import type { ColumnValue } from '../../lib/schema/types.js';
import { parseJson } from '../../lib/wire/json.js';
import type { CaseTransaction } from './commit.js';
import type { IdlClient } from './idl-client.js';
import { FatalError } from './output.js';
import { SEQUENCES } from './sequences.js';

/** How the sub-commands of a transaction end. */
export type Ending = 'commit' | 'abort' | 'destroy';

/** What a sub-command does to a transaction with its arguments. */
type SubCommand = (transaction: CaseTransaction, args: readonly string[]) => void;

const VERIFIABLE = ['i', 'b', 's', 'u', 'r'];

const SUB_COMMANDS: Readonly<Record<string, readonly [argCount: number, run: SubCommand]>> = {
  set: [3, (tx, [number = '', column = '', text = '']) => tx.write(tx.find(number), column, parseValue(column, text))],
  insert: [1, (tx, [number]) => tx.insert(number)],
  insert_no_columns_changed: [0, (tx) => tx.insert(undefined)],
  insert_uuid: [2, (tx, [uuid = '', number]) => tx.insert(number, parseUuid(uuid))],
  insert_uuid_uref: [
    2,
    (tx, [referrer = '', target = '']) => {
      tx.addStep((builder) => {
        const uref = [builder.insertWithUuid('simple4', parseUuid(target), {})];
        builder.insertWithUuid('simple3', parseUuid(referrer), { uref });
      });
    },
  ],
  delete: [1, (tx, [number = '']) => tx.delete(tx.find(number))],
  verify: [
    2,
    (tx, [number = '', column = '']) => {
      if (!VERIFIABLE.includes(column)) throw new FatalError(`verify knows no column "${column}"`);
      tx.verify(tx.find(number), column);
    },
  ],
  increment: [1, (tx, [number = '']) => tx.incrementRow(tx.find(number))],
  fetch: [2, (tx, [number = '', column = '']) => tx.fetch(tx.find(number), column)],
  add_op: [1, (tx, [json = '']) => tx.addOperation(parseJson(json, true) as Operation)],
};

/**
 * Puts a list of sub-commands into a transaction. `onNotifyTest` is called for each that is to have an event recorded.
 */
export function runSubCommands(
  list: string,
  transaction: CaseTransaction,
  client: IdlClient,
  onNotifyTest: () => void,
): Ending {
  for (const words of splitCommands(list)) {
    let [name = '', ...args] = words;
    if (name === 'notifytest') {
      onNotifyTest();
      [name = '', ...args] = args;
    }
    if (name === 'abort' || name === 'destroy') return name;
    const sequence = SEQUENCES[name];
    const subCommand = SUB_COMMANDS[name];
    if (sequence !== undefined) sequence(transaction, client);
    else if (subCommand === undefined) throw new FatalError(`unknown command "${name}"`);
    else {
      const [argCount, run] = subCommand;
      if (args.length !== argCount) throw new FatalError(`"${name}" takes ${argCount} arguments`);
      run(transaction, args);
    }
  }
  return 'commit';
}

/** The words of each command. Commas and blanks inside of `{...}` and `[...]` do not separate anything. */
export function splitCommands(list: string): string[][] {
  const commands: string[][] = [[]];
  let word = '';
  let depth = 0;
  let quoted = false;
  const endWord = (): void => {
    if (word !== '') commands.at(-1)?.push(word);
    word = '';
  };
  for (let at = 0; at < list.length; at++) {
    const char = list.charAt(at);
    if (quoted && depth > 0 && char === '\\') {
      word += char + list.charAt(++at);
      continue;
    }
    if (char === '"') quoted = !quoted;
    if (!quoted && (char === '{' || char === '[')) depth++;
    if (!quoted && (char === '}' || char === ']') && depth > 0) depth--;
    if (depth === 0 && char === ',') {
      endWord();
      commands.push([]);
    } else if (depth === 0 && /\s/.test(char)) endWord();
    else word += char;
  }
  endWord();
  return commands;
}

function parseValue(column: string, text: string): ColumnValue {
  switch (column) {
    case 'b':
      return text === '1';
    case 's':
      return text;
    case 'u':
      return parseUuid(text);
    case 'r': {
      const value = Number(text);
      if (Number.isNaN(value)) throw new FatalError(`"${text}" is not a real number`);
      return value;
    }
    default:
      throw new FatalError(`set knows no column "${column}"`);
  }
}

function parseUuid(text: string): Uuid {
  const uuid = text.toLowerCase();
  if (!isUuid(uuid)) throw new FatalError(`"${text}" is not a uuid`);
  return uuid;
}
