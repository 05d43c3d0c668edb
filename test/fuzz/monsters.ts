/** Messages that are huge, deep or repetitive: each is one that a careless client would choke on. */
import type { Random } from '../random.js';

/** A message that says it is an update for the monitor with this id. */
type Monster = (random: Random, monitorId: string) => string;

const UUID = '01234567-89ab-4cde-8f01-23456789abcd';

function update3(monitorId: string, table: string, row: string): string {
  const rows = `{"${table}":{"${UUID}":${row}}}`;
  return `{"id":null,"method":"update3","params":[${JSON.stringify(monitorId)},"${UUID}",${rows}]}`;
}
function many(count: number, item: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => item(i)).join(',');
}

/** By name; a mutation run picks one now and then, and a test feeds every one. */
export const MONSTERS: Readonly<Record<string, Monster>> = {
  'nesting beyond the limit': () => `{"a":${'['.repeat(100_000)}`,
  'nesting at the limit': (_r, id) => update3(id, 'Switch', `{"insert":{"name":${'['.repeat(990)}${']'.repeat(990)}}}`),
  'nested objects in an error': () => `{"id":0,"result":null,"error":${'{"error":'.repeat(900)}1${'}'.repeat(901)}`,
  'nesting in an echo': () =>
    `{"id":1,"method":"echo","params":${'['.repeat(998)}12345678901234567890${']'.repeat(998)}}`,
  'an integer of a million digits': (_r, id) => update3(id, 'Switch', `{"insert":{"tag":${'9'.repeat(1_000_000)}}}`),
  'a negative integer of a million digits': (_r, id) => update3(id, 'Switch', `{"insert":{"tag":-${'7'.repeat(1_000_000)}}}`), // prettier-ignore
  'a real of a million digits': (_r, id) => update3(id, 'Every', `{"insert":{"real":0.${'3'.repeat(1_000_000)}}}`),
  'an integer of a million digits for a real': (_r, id) => update3(id, 'Every', `{"insert":{"real":${'3'.repeat(1_000_000)}}}`), // prettier-ignore
  'many integers of a thousand digits': (_r, id) => update3(id, 'Every', `{"insert":{"integer_set":["set",[${many(1000, (i) => `${i + 1}${'0'.repeat(1000)}`)}]]}}`), // prettier-ignore
  'an exponent of a thousand digits': (_r, id) => update3(id, 'Every', `{"insert":{"real":1e${'9'.repeat(1000)}}}`),
  'a text of four million characters': (_r, id) => update3(id, 'Switch', `{"insert":{"name":"${'x'.repeat(4_000_000)}"}}`), // prettier-ignore
  'a text of a million escapes': (_r, id) => update3(id, 'Switch', `{"insert":{"name":"${'\\u0000'.repeat(300_000)}","tag":12345678901234567}}`), // prettier-ignore
  'a text that does not end': () => `{"a":"${'\\"'.repeat(1_000_000)}`,
  'a message beyond the limit': () => `{"a":"${'x'.repeat(9_000_000)}"}`,
  'a set of a hundred thousand members': (_r, id) => update3(id, 'Switch', `{"insert":{"members":["set",[${many(100_000, (i) => `"m${i}"`)}]]}}`), // prettier-ignore
  'a set of the same member': (_r, id) => update3(id, 'Switch', `{"insert":{"members":["set",[${many(100_000, () => '"m"')}]]}}`), // prettier-ignore
  'a set of wrong members': (_r, id) => update3(id, 'Switch', `{"insert":{"members":["set",[${many(100_000, (i) => String(i))}]]}}`), // prettier-ignore
  'a wrong value of a million parts': (_r, id) =>
    update3(id, 'Switch', `{"insert":{"name":[${many(500_000, () => '{}')}]}}`),
  'a map of a hundred thousand keys': (_r, id) => update3(id, 'Switch', `{"insert":{"external_ids":["map",[${many(100_000, (i) => `["k${i}","v"]`)}]]}}`), // prettier-ignore
  'a map of the same key': (_r, id) => update3(id, 'Switch', `{"insert":{"external_ids":["map",[${many(100_000, (i) => `["__proto__","${i}"]`)}]]}}`), // prettier-ignore
  'a map of integer keys': (_r, id) => update3(id, 'Switch', `{"insert":{"external_ids":["map",[${many(50_000, (i) => `["${i * 97}","v"]`)}]]}}`), // prettier-ignore
  'a hundred thousand columns': (_r, id) => update3(id, 'Switch', `{"insert":{${many(100_000, (i) => `"c${i}":1`)}}}`),
  'a hundred thousand kinds of update': (_r, id) => update3(id, 'Switch', `{${many(100_000, (i) => `"k${i}":1`)}}`),
  'the same column again and again': (_r, id) => update3(id, 'Switch', `{"insert":{${many(100_000, (i) => `"name":"${i}"`)}}}`), // prettier-ignore
  'a hundred thousand tables': (_r, id) => `{"id":null,"method":"update3","params":["${id}","${UUID}",{${many(100_000, (i) => `"T${i}":{}`)}}]}`, // prettier-ignore
  'a table of a million letters': (_r, id) => update3(id, 'T'.repeat(1_000_000), '{"insert":{}}'),
  'a row id of a million letters': (_r, id) => update3(id, 'Switch', '{"delete":null}').replaceAll(UUID, 'u'.repeat(1_000_000)), // prettier-ignore
  'a last transaction of a million letters': (_r, id) => `{"id":null,"method":"update3","params":["${id}","${'u'.repeat(1_000_000)}",{}]}`, // prettier-ignore
  'a method of a million letters': () => `{"id":null,"method":"${'m'.repeat(1_000_000)}","params":[]}`,
  'an id of a million letters': () =>
    `{"id":"${'i'.repeat(1_000_000)}","method":"${'m'.repeat(1_000_000)}","params":[]}`,
  'an error of a million letters': () => `{"id":0,"result":null,"error":"${'e'.repeat(1_000_000)}"}`,
  'an error of a million parts': () => `{"id":0,"result":null,"error":[${many(500_000, () => '[]')}]}`,
  'an error with long details': () =>
    `{"id":0,"result":null,"error":{"error":"x","details":"${'d'.repeat(1_000_000)}"}}`,
  'no message of a million parts': () => `{"params":{},"a":[${many(500_000, () => '{}')}]}`,
  'a method that is a list': () => `{"id":null,"method":[${many(500_000, () => '"m"')}],"params":[]}`,
  'a thousand echoes': () => '{"id":"x","method":"echo","params":[1,"two"]}'.repeat(1000),
  'a hundred thousand empty objects': () => '{}'.repeat(100_000),
  'a hundred thousand stray replies': () => '{"id":7777777,"result":{},"error":null}'.repeat(100_000),
  'white space of megabytes': () => `{"id":null,"method":"x","params":[${' \n\t\r'.repeat(500_000)}]}`,
  'white space between messages': () => `${' \n\t\r'.repeat(500_000)}{"id":null,"method":"x","params":[]}`,
  'a million commas': () => `{"id":null,"method":"x","params":[${','.repeat(1_000_000)}]}`,
  'bytes that are not UTF-8': () => `{"id":null,"method":"x","params":["\u00ff\u00fe${'\u00c3'.repeat(1000)}"]}`,
};

export function anyMonster(random: Random, monitorId: string): string {
  return MONSTERS[random.pick(Object.keys(MONSTERS))]!(random, monitorId);
}
