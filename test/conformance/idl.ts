/** `idl SCHEMA REMOTE ... CMD...`: the replica, printed after each change, and transactions on it. */
import type { RowChange } from '../../lib/replica/replica.js';
import { CaseTransaction } from './commit.js';
import { parseConditionCommand } from './conditions.js';
import { IdlClient } from './idl-client.js';
import { FatalError, printStep } from './output.js';
import { takePlace } from './place.js';
import { openSession } from './raw-connection.js';
import { RawTransactions } from './raw-transactions.js';
import { register } from './registered.js';
import { eventText, oldText, PRINTED_TABLES, rowText } from './row-text.js';
import { runSubCommands } from './sub-commands.js';

export async function runIdl(args: string[]): Promise<void> {
  const [schemaFile, remotes, ...rest] = args;
  if (schemaFile === undefined || remotes === undefined) throw new FatalError('usage: idl SCHEMA REMOTE [CMD...]');
  const place = takePlace(remotes, rest);
  const trackNotify = rest[0] === 'track-notify';
  if (trackNotify) rest.shift();
  const registered = register(schemaFile, rest[0]?.startsWith('?') === true ? rest.shift() : undefined);
  const raw = rest.length === 0 ? undefined : new RawTransactions(await openSession(place));
  const run = new IdlRun(raw, trackNotify && registered.tables.has('simple'));
  const client = new IdlClient(place, registered, {
    leaderOnly: false,
    onRowChange: (change) => run.onRowChange(change),
  });
  await run.play(client, rest);
}

class IdlRun {
  readonly #raw: RawTransactions | undefined;
  readonly #trackNotify: boolean;
  #client!: IdlClient;
  #step = 0;
  /** Lists that wait for one event each; the last takes the next. */
  readonly #recorders: string[][] = [];

  constructor(raw: RawTransactions | undefined, trackNotify: boolean) {
    this.#raw = raw;
    this.#trackNotify = trackNotify;
  }

  async play(client: IdlClient, given: readonly string[]): Promise<void> {
    this.#client = client;
    const commands = [...given];
    let seen = 0;
    if (commands[0]?.startsWith('condition ') === true) this.#changeConditions(commands.shift() ?? '');
    for (const given of commands) {
      const terse = given.startsWith('?');
      let command = terse ? given.slice(1) : given;
      if (command.startsWith('+')) command = command.slice(1);
      else if (command.startsWith('^')) {
        command = command.slice(1);
        await client.waitForConditions();
      } else {
        do {
          seen = await this.#printNextChange(seen, terse);
        } while (command === 'monitor');
      }
      seen = client.changes;
      if (command === 'reconnect') {
        printStep(this.#step++, 'reconnect');
        client.reconnect();
      } else if (command.startsWith('condition ')) this.#changeConditions(command);
      else if (command.startsWith('[')) await this.#raw?.run(command, this.#step++);
      else if (!(await this.#transact(command))) seen = 0;
    }
    this.#raw?.close();
    await this.#printNextChange(seen, false);
    client.close();
    printStep(this.#step, 'done');
  }

  onRowChange(change: RowChange): void {
    const client = this.#client;
    const { type, table, row } = change;
    const event = type === 'insert' ? 'create' : type;
    const recorder = this.#recorders.pop();
    if (recorder !== undefined) {
      const { i } = row as { i?: number | bigint };
      const column = change.type === 'update' ? change.columns[0] : undefined;
      recorder.push(`${event}|${String(i)}|${column ?? 'None'}`);
      return;
    }
    if (!this.#trackNotify) return;
    const old = change.type === 'update' ? `{${oldText(client, table, change.old, change.columns)}}` : 'None';
    const contents = eventText(client, table, row);
    printStep(this.#step, `event:${event}, row={${contents}}, uuid=${row._uuid}, updates=${old}`);
  }

  async #printNextChange(seen: number, terse: boolean): Promise<number> {
    const client = this.#client;
    await client.waitForChange(seen);
    let empty = true;
    for (const table of PRINTED_TABLES) {
      for (const row of client.rows(table)) {
        empty = false;
        const contents = terse ? '' : `: ${rowText(client, table, row)} uuid=${row._uuid}`;
        printStep(this.#step, `table ${table}${contents}`);
      }
    }
    if (empty) printStep(this.#step, 'empty');
    this.#step++;
    return client.changes;
  }

  #changeConditions(command: string): void {
    for (const change of parseConditionCommand(command, this.#client.registered.schema)) {
      const text = this.#client.setCondition(change) ? 'change conditions' : 'conditions unchanged';
      printStep(this.#step, `${change.table}: ${text}`);
    }
    this.#step++;
  }

  /** Runs a client transaction; false when it failed, so that no change is to be waited for. */
  async #transact(commands: string): Promise<boolean> {
    const step = this.#step;
    const events: string[] = [];
    const transaction = new CaseTransaction(this.#client);
    const ending = runSubCommands(commands, transaction, this.#client, () => this.#recorders.push(events));
    if (ending === 'destroy') {
      printStep(step, 'destroy');
      this.#step++;
      return true;
    }
    const status = ending === 'abort' ? 'aborted' : await transaction.commit();
    const { increment } = transaction;
    const incremented = increment === undefined ? '' : `, increment=${increment.toString()}`;
    const recorded = events.length === 0 ? '' : `, events=${events.sort().join(', ')}`;
    printStep(step, `commit, status=${status}${incremented}${recorded}`);
    this.#step++;
    return status !== 'error';
  }
}
