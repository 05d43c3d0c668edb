import { Buffer } from 'node:buffer';

import { expect } from 'chai';

import { ProtocolError } from '../../../lib/errors.js';
import { MessageReader } from '../../../lib/rpc/message-reader.js';
import type { IncomingMessage } from '../../../lib/rpc/messages.js';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`) as [
  string,
  string,
  string,
];
const TXN = 'ffffffff-0000-4000-8000-000000000000';

/** A reader, the messages it made, and the rows that it took from them. */
class Rig {
  readonly reader = new MessageReader({});
  readonly messages: IncomingMessage[] = [];
  readonly rows: [table: string, uuid: string, update: unknown][] = [];
  readonly opened: unknown[] = [];
  /** Called before each row is noted. */
  onRow: () => void = () => undefined;

  expect(id: number, depth: 3 | 4, takes: (result: unknown) => boolean = () => true): this {
    this.reader.expectRows(id, {
      depth,
      open: (result) => {
        this.opened.push(result);
        if (!takes(result)) return undefined;
        return (...row) => {
          this.onRow();
          this.rows.push(row);
        };
      },
    });
    return this;
  }

  /** Pushes a text in pieces of so many bytes; as a session does, it forgets the rows of each reply. */
  push(text: string | Buffer, size = 50): this {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) {
      this.reader.push(bytes.subarray(at, at + size), (message) => {
        if ('id' in message && typeof message.id === 'number') this.reader.forgetRows(message.id);
        this.messages.push(message);
      });
    }
    return this;
  }
}

const reply = (id: number, tables: string): string => `{"id":${id},"result":[false,"${TXN}",${tables}],"error":null}`;
const plain = (id: number, tables: string): string => `{"id":${id},"result":${tables},"error":null}`;

describe('MessageReader with replies whose rows are expected', () => {
  it('takes the rows out of the reply, and leaves the tables', () => {
    const rig = new Rig().expect(1, 4);
    rig.push(reply(1, `{"T":{"${A}":{"initial":{"n":1}},"${B}":{"initial":{}}},"E":{},"U":{"${A}":{"x":[]}}}`));
    expect(rig.rows).to.deep.equal([
      ['T', A, { initial: { n: 1 } }],
      ['T', B, { initial: {} }],
      ['U', A, { x: [] }],
    ]);
    expect(rig.opened).to.deep.equal([[false, TXN, { T: {} }]]);
    expect(rig.messages).to.deep.equal([{ kind: 'reply', id: 1, result: [false, TXN, { T: {}, E: {}, U: {} }] }]);
    expect(rig.reader.unfinishedBytes).to.equal(0);
  });

  it('gives rows in the order of the text, long before its end', () => {
    const rig = new Rig().expect(1, 3);
    const text = plain(1, `{"T":{"${B}":{"new":{}},"${A}":{"new":{}}}}`);
    rig.push(text.slice(0, text.indexOf(A)));
    expect(rig.rows.map(([, uuid]) => uuid)).to.deep.equal([B]);
    expect(rig.messages).to.deep.equal([]);
    expect(rig.reader.unfinishedBytes).to.equal(text.indexOf(A));
  });

  it('reads rows that are not ASCII beside those that are, and keys with escapes', () => {
    const rig = new Rig().expect(1, 4);
    rig.push(
      reply(1, `{"é\\u0041":{"${A}":{"n":"😀€"},"\\u0061${'b'.repeat(30)}":{"n":"x"}},"T":{"${B}":{"n":"é"}}}`),
      7,
    );
    expect(rig.rows).to.deep.equal([
      ['éA', A, { n: '😀€' }],
      // 36 characters long as it stands there.
      ['éA', `a${'b'.repeat(30)}`, { n: 'x' }],
      ['T', B, { n: 'é' }],
    ]);
  });

  it('refuses a row that is not UTF-8', () => {
    const text = Buffer.from(reply(1, `{"T":{"${A}":{"n":"!"},"${B}":{"n":1}}}`));
    text[text.indexOf('!')] = 0xff;
    expect(() => new Rig().expect(1, 4).push(text)).to.throw(ProtocolError, /not UTF-8/);
  });

  it('keeps integers beyond 2^53 in rows, wherever the text is cut', () => {
    for (let size = 1; size < 90; size++) {
      const rig = new Rig().expect(1, 4);
      rig.push(
        reply(1, `{"T":{"${A}":{"n":1},"${B}":{"n":-9223372036854775808},"${C}":{"n":9007199254740993}}}`),
        size,
      );
      const numbers = rig.rows.map(([, , update]) => (update as { n: unknown }).n);
      expect(numbers, `${size} bytes`).to.deep.equal([1, -9223372036854775808n, 9007199254740993n]);
    }
  });

  it('reads the reply as a whole whose taker does not want the rows, and forgets nothing of it', () => {
    const text = reply(1, `{"T":{"${A}":{"modify":{}},"${B}":{"insert":{}}}}`);
    const rig = new Rig().expect(1, 4, () => false).push(text);
    expect(rig.rows).to.deep.equal([]);
    expect(rig.messages).to.deep.equal([
      { kind: 'reply', id: 1, result: (JSON.parse(text) as { result: unknown }).result },
    ]);
    expect(rig.opened).to.have.lengthOf(1);
  });

  it('leaves alone what only looks alike: updates, other replies, ids behind the result, rows elsewhere', () => {
    const rows = `{"T":{"${A}":{"insert":{"n":1}},"${B}":{"insert":{"n":2}}}}`;
    for (const text of [
      `{"id":null,"method":"update3","params":["m","${TXN}",${rows}]}`,
      `{"method":"update3","params":[1,"${TXN}",${rows}],"id":1}`,
      `{"id":2,"result":[{"count":1},{"rows":[{"_uuid":["uuid","${A}"],"x":{"y":{"z":{}}}}]}],"error":null}`,
      reply(2, rows),
      `{"result":[false,"${TXN}",${rows}],"error":null,"id":1}`,
      `{"id":"1","result":[false,"${TXN}",${rows}]}`,
      `{"id":1,"error":[false,"${TXN}",${rows}]}`,
      `{"id":1,"error":{"a":{"T":{"${A}":{}}}},"result":[{"T":{"${A}":{}}}]}`,
    ]) {
      const rig = new Rig().expect(1, 4).push(text, 60);
      expect(rig.rows, text).to.deep.equal([]);
      expect(rig.messages, text).to.have.lengthOf(1);
      const { result = null, params } = JSON.parse(text) as Record<string, unknown>;
      expect(rig.messages[0], text).to.deep.include(
        result === null ? (params === undefined ? {} : { params }) : { result },
      );
    }
  });

  it('reads a reply row by row between notifications that share chunks with it', () => {
    const update = `{"id":null,"method":"update3","params":["m","${TXN}",{"T":{"${A}":{"delete":null}}}]}`;
    const rig = new Rig().expect(1, 4).push(update + reply(1, `{"T":{"${B}":{}}}`) + update, 10);
    expect(rig.rows).to.deep.equal([['T', B, {}]]);
    expect(rig.messages.map(({ kind }) => kind)).to.deep.equal(['notification', 'reply', 'notification']);
  });

  for (const [what, rows, words] of [
    ['a number instead of a row', `"${A}":{},"${B}":5,"${C}":{}`, /"\\"b{8}-.*|where a row/],
    ['a number instead of the last row', `"${A}":{},"${B}":5`, /where a row or the end of a table belongs/],
    ['a word between rows', `"${A}":{} what "${B}":{}`, /what.*where a row or the end of a table belongs/],
    ['a comma too many', `"${A}":{},,"${B}":{}`, /where a row/],
    ['no comma', `"${A}":{}"${B}":{}`, /where a row/],
    ['white space that JSON does not know', `"${A}":{},\u00a0"${B}":{}`, /where a row/],
    ['two keys', `"${A}":{},"x":"${B}":{}`, /where a row/],
    ['a key with a broken escape', `"${A}":{},"\\x${'b'.repeat(34)}":{}`, /not JSON/],
    ['a row that is broken', `"${A}":{},"${B}":{"n":01},"${C}":{}`, /not JSON.*begins .*n/],
    ['the end of the tables in front of a row', `"${A}":{}}},"x":{"y":{"${B}":{}`, /where a row/],
    ['more than any table needs between rows', `"${A}":{},${' '.repeat(70_000)}"${B}":{}`, /where a row/],
  ] as const) {
    it(`refuses a snapshot with ${what}`, () => {
      const text = reply(1, `{"T":{${rows}}}`);
      for (const size of [3, 60]) {
        expect(() => new Rig().expect(1, 4).push(text, size), `${size} bytes`).to.throw(ProtocolError, words);
      }
    });
  }

  it('looks at what stands between rows in a time that does not grow with the square of its length', () => {
    const quotes = `"${'\\"'.repeat(30_000)}"`;
    const between = reply(1, `{"T":{"${A}":{}},${quotes}:{},"U":{"${B}":{}}}`);
    const before = `{"id":2,${quotes}:[[[[]]]],"result":5}`;
    const startedAt = process.cpuUsage();
    const rig = new Rig().expect(1, 4);
    rig.push(between, between.length - 20);
    expect(rig.rows).to.have.lengthOf(2);
    rig.expect(2, 4).push(before, before.length - 5);
    const { user, system } = process.cpuUsage(startedAt);
    expect(rig.messages).to.have.lengthOf(2);
    // With such a search it takes ten seconds, without it less than a tenth of one.
    expect((user + system) / 1000).to.be.below(2000);
  });

  it('takes no more rows of a reply that nobody waits for any more, and reads on behind it', () => {
    const rig = new Rig().expect(1, 4).expect(2, 4);
    rig.onRow = () => {
      if (rig.rows.length === 1) rig.reader.forgetRows(1);
    };
    const rows = `{"T":{"${A}":{},"${B}":{},"${C}":{}},"U":{"${A}":{}}}`;
    rig.push(reply(1, rows) + reply(2, rows));
    expect(rig.rows.map(([, uuid]) => uuid)).to.deep.equal([A, B, A, B, C, A]);
    expect(rig.messages.map((message) => 'id' in message && message.id)).to.deep.equal([1, 2]);
  });

  it('offers no rows of a reply that was given up before it came', () => {
    const rig = new Rig().expect(1, 4);
    rig.reader.forgetRows(1);
    rig.push(reply(1, `{"T":{"${A}":{},"${B}":{}}}`));
    expect(rig.opened).to.deep.equal([]);
    expect(rig.messages[0]).to.have.deep.property('result', [false, TXN, { T: { [A]: {}, [B]: {} } }]);
  });

  it('reads replies of different depth row by row in the order of their requests, and as a whole out of it', () => {
    const rows = `{"T":{"${A}":{},"${B}":{}}}`;
    const inTurn = new Rig().expect(1, 4).expect(2, 3).expect(3, 4);
    inTurn.push(reply(1, rows) + plain(2, rows) + reply(3, rows), 60);
    expect(inTurn.rows).to.have.lengthOf(6);
    expect(inTurn.messages).to.have.lengthOf(3);
    const outOfTurn = new Rig().expect(1, 4).expect(2, 3);
    outOfTurn.push(plain(2, rows) + reply(1, rows), 60);
    expect(outOfTurn.rows).to.have.lengthOf(2);
    expect(outOfTurn.messages.map((message) => 'result' in message && message.result)).to.deep.equal([
      JSON.parse(rows),
      [false, TXN, { T: {} }],
    ]);
  });

  it('never takes rows of one depth for those of another', () => {
    const rows = `{"T":{"${A}":{},"${B}":{}}}`;
    for (const [rig, text] of [
      [new Rig().expect(1, 4), plain(1, `{"D":${rows}}`)],
      [new Rig().expect(1, 4).expect(2, 3), reply(2, rows)],
    ] as const) {
      rig.push(text, 60);
      expect(rig.rows).to.deep.equal([]);
      expect(rig.messages[0]).to.have.deep.property('result', (JSON.parse(text) as { result: unknown }).result);
    }
  });
});
