import { expect } from 'chai';

import {
  judge,
  notePosition,
  ServerDatabase,
  type ClusterPosition,
  type FollowRules,
  type ServerStatus,
} from '../../../lib/client/server-database.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import { ZERO_UUID } from '../../../lib/schema/uuid.js';
import { FakeClock, FakeStream } from '../rpc/fake-stream.js';

const CID = '11111111-1111-4111-8111-111111111111';
const OTHER_CID = '22222222-2222-4222-8222-222222222222';
const SID = '33333333-3333-4333-8333-333333333333';
const REMOTE = 'tcp:10.0.0.1:6641';

const LEADER: ServerStatus = {
  model: 'clustered',
  leader: true,
  connected: true,
  clusterId: CID,
  serverId: SID,
  index: 10,
};
const FOLLOWER: ServerStatus = { ...LEADER, leader: false };
const RELAY: ServerStatus = {
  model: 'relay',
  leader: false,
  connected: true,
  clusterId: CID,
  serverId: undefined,
  index: undefined,
};
const STANDALONE: ServerStatus = { ...RELAY, model: 'standalone', leader: true, clusterId: undefined };

function unseen(): ClusterPosition {
  return { clusterId: undefined, index: 0 };
}

function rules(changes: Partial<FollowRules> = {}): FollowRules {
  return { database: 'OVN_Northbound', leaderOnly: true, clusterId: undefined, seen: unseen(), ...changes };
}

const ANY = rules({ leaderOnly: false });

describe('judge', () => {
  const reasonOf = (status: ServerStatus | undefined, asked: FollowRules): string | undefined =>
    judge(status, asked, REMOTE)?.reason;
  const textOf = (status: ServerStatus | undefined, asked: FollowRules): string =>
    judge(status, asked, REMOTE)?.message ?? '';

  it('takes a standalone server whatever is asked for', () => {
    expect(reasonOf(STANDALONE, rules())).to.equal(undefined);
    expect(reasonOf({ ...STANDALONE, leader: false, connected: false }, ANY)).to.equal(undefined);
    expect(reasonOf(STANDALONE, rules({ seen: { clusterId: CID, index: 99 } }))).to.equal(undefined);
  });

  it('takes the leader, and another member only when any will do', () => {
    expect(reasonOf(LEADER, rules())).to.equal(undefined);
    expect(reasonOf(LEADER, ANY)).to.equal(undefined);
    expect(reasonOf(FOLLOWER, ANY)).to.equal(undefined);
    expect(reasonOf(FOLLOWER, rules())).to.equal('not-leader');
    expect(textOf(FOLLOWER, rules())).to.equal(
      'the server at tcp:10.0.0.1:6641 is not the leader of the cluster of OVN_Northbound',
    );
  });

  it('takes no member that has lost its cluster, not even one that believes to lead it', () => {
    for (const asked of [rules(), ANY]) {
      expect(reasonOf({ ...LEADER, connected: false }, asked)).to.equal('disconnected');
      expect(reasonOf({ ...FOLLOWER, connected: false }, asked)).to.equal('disconnected');
    }
  });

  it('takes no member that has not joined', () => {
    const joining = { ...FOLLOWER, clusterId: undefined, connected: false, index: 0 };
    expect(reasonOf(joining, ANY)).to.equal('not-joined');
    expect(textOf(joining, rules())).to.match(/has not joined the cluster of OVN_Northbound yet/);
  });

  it('takes no server without the database, or without that of the cluster that is asked for', () => {
    expect(reasonOf(undefined, rules())).to.equal('no-database');
    expect(textOf(undefined, rules())).to.match(/serves no database OVN_Northbound$/);
    expect(textOf(undefined, rules({ clusterId: CID }))).to.match(
      new RegExp(`no database OVN_Northbound of cluster ${CID}`),
    );
  });

  it('takes a relay only when any server will do, and only while it has its source', () => {
    expect(reasonOf(RELAY, rules())).to.equal('relay');
    expect(textOf(RELAY, rules())).to.match(/set leaderOnly to false/);
    expect(reasonOf(RELAY, ANY)).to.equal(undefined);
    expect(reasonOf({ ...RELAY, connected: false }, ANY)).to.equal('disconnected');
    expect(textOf({ ...RELAY, connected: false }, ANY)).to.match(
      /relay of OVN_Northbound that has no connection to its source/,
    );
  });

  it('says of a relay without its source that it is a relay, where a leader is wanted', () => {
    expect(reasonOf({ ...RELAY, connected: false }, rules())).to.equal('relay');
  });

  it('takes no member that is behind what was seen of the same cluster', () => {
    const seen = { clusterId: CID, index: 10 };
    for (const asked of [rules({ seen }), rules({ seen, leaderOnly: false })]) {
      expect(reasonOf({ ...LEADER, index: 9 }, asked)).to.equal('stale');
      expect(reasonOf({ ...LEADER, index: undefined }, asked)).to.equal('stale');
      expect(reasonOf({ ...LEADER, index: 10 }, asked)).to.equal(undefined);
      expect(reasonOf({ ...LEADER, index: 11 }, asked)).to.equal(undefined);
      expect(reasonOf({ ...LEADER, index: 1, clusterId: OTHER_CID }, asked)).to.equal(undefined);
    }
    expect(textOf({ ...LEADER, index: 9 }, rules({ seen }))).to.match(/entry 9 .*entry 10 was seen/);
  });

  it('compares entries that no number can hold', () => {
    const seen = { clusterId: CID, index: 2n ** 53n + 1n };
    expect(reasonOf({ ...LEADER, index: 2n ** 53n }, rules({ seen }))).to.equal('stale');
    expect(reasonOf({ ...LEADER, index: 2n ** 53n + 2n }, rules({ seen }))).to.equal(undefined);
  });

  it('takes a member without entries when nothing was seen', () => {
    expect(reasonOf({ ...LEADER, index: undefined }, rules())).to.equal(undefined);
  });
});

describe('notePosition', () => {
  const after = (seen: ClusterPosition, status: ServerStatus): ClusterPosition => {
    notePosition(seen, status);
    return seen;
  };

  it('keeps the newest entry of a cluster', () => {
    const seen = after(unseen(), LEADER);
    expect(seen).to.deep.equal({ clusterId: CID, index: 10 });
    expect(after(seen, { ...LEADER, index: 9 })).to.deep.equal({ clusterId: CID, index: 10 });
    expect(after(seen, { ...FOLLOWER, index: 12 })).to.deep.equal({ clusterId: CID, index: 12 });
    expect(after(seen, { ...FOLLOWER, index: 2n ** 60n })).to.deep.equal({ clusterId: CID, index: 2n ** 60n });
  });

  it('begins anew with another cluster', () => {
    const seen = { clusterId: CID, index: 10 };
    expect(after(seen, { ...LEADER, clusterId: OTHER_CID, index: 2 })).to.deep.equal({
      clusterId: OTHER_CID,
      index: 2,
    });
  });

  it('learns nothing from relays and standalone servers', () => {
    const seen = { clusterId: CID, index: 10 };
    expect(after(seen, { ...RELAY, clusterId: OTHER_CID })).to.deep.equal({ clusterId: CID, index: 10 });
    expect(after(seen, STANDALONE)).to.deep.equal({ clusterId: CID, index: 10 });
  });
});

describe('ServerDatabase', () => {
  const OPTIONAL_UUID = { type: { key: 'uuid', min: 0, max: 1 } };
  const SCHEMA = {
    name: '_Server',
    version: '1.2.0',
    tables: {
      Database: {
        columns: {
          name: { type: 'string' },
          model: { type: { key: { type: 'string', enum: ['set', ['standalone', 'clustered', 'relay']] } } },
          connected: { type: 'boolean' },
          leader: { type: 'boolean' },
          cid: OPTIONAL_UUID,
          sid: OPTIONAL_UUID,
          index: { type: { key: 'integer', min: 0, max: 1 } },
        },
      },
    },
  };
  const OLD_SCHEMA = {
    ...SCHEMA,
    tables: { Database: { columns: { name: { type: 'string' }, connected: { type: 'boolean' } } } },
  };
  const ROW = '44444444-4444-4444-8444-444444444444';
  const ROW_2 = '55555555-5555-4555-8555-555555555555';
  const member = (name: string, cid: string): object => ({
    name,
    model: 'clustered',
    connected: true,
    leader: true,
    cid: ['uuid', cid],
    sid: ['uuid', SID],
    index: 7,
  });

  let stream: FakeStream;
  let session: RpcSession;
  let database: ServerDatabase;
  let changes: number;

  function open(asked: FollowRules): Promise<boolean> {
    changes = 0;
    stream = new FakeStream();
    database = new ServerDatabase(asked, REMOTE, () => changes++);
    session = new RpcSession(stream, {
      onNotification: (method, params) => database.handle(method, params),
      onClose: () => undefined,
      clock: new FakeClock(),
      probeIntervalMs: 0,
    });
    return database.start(session, 1000, new AbortController().signal);
  }
  /** Answers the schema and the monitor's first request. */
  async function serve(started: Promise<boolean>, schema: object, rows: object): Promise<void> {
    const take = async (): Promise<{ id: number; method: string }> => {
      while (stream.sent.length === 0) await Promise.resolve();
      return (stream.take() as { id: number; method: string }[])[0]!;
    };
    const first = await take();
    expect(first.method).to.equal('get_schema');
    stream.receive({ id: first.id, result: schema, error: null });
    const second = await take();
    stream.receive({ id: second.id, result: [false, ROW, { Database: rows }], error: null });
    expect(await started).to.equal(true);
  }
  afterEach(() => session.close());

  it('is not there on servers that do not know it', async () => {
    const started = open(rules());
    stream.receive({ id: 0, result: null, error: { error: 'unknown database' } });
    expect(await started).to.equal(false);
    expect(database.status).to.equal(undefined);
  });

  it('tells the row of the database that is asked for', async () => {
    const rows = {
      [ROW]: { initial: member('Other', OTHER_CID) },
      [ROW_2]: { initial: member('OVN_Northbound', CID) },
    };
    await serve(open(rules()), SCHEMA, rows);
    expect(database.status).to.deep.equal({ ...LEADER, index: 7 });
    expect(database.unfit()).to.equal(undefined);
  });

  it('tells the row of the cluster that is asked for', async () => {
    const row = { [ROW]: { initial: member('OVN_Northbound', OTHER_CID) } };
    await serve(open(rules({ clusterId: CID })), SCHEMA, row);
    expect(database.status).to.equal(undefined);
    expect(database.unfit()?.reason).to.equal('no-database');
    session.close();
    await serve(open(rules({ clusterId: OTHER_CID })), SCHEMA, row);
    expect(database.status?.clusterId).to.equal(OTHER_CID);
  });

  it('takes what the server leaves out for no', async () => {
    const bare = { name: 'OVN_Northbound', model: 'clustered', cid: ['uuid', CID] };
    await serve(open(ANY), SCHEMA, { [ROW]: { initial: bare } });
    expect(database.status).to.include({ leader: false, connected: false, index: undefined });
    expect(database.unfit()?.reason).to.equal('disconnected');
  });

  it('knows a member that has not joined yet by a cluster of zeros', async () => {
    const joining = { name: 'OVN_Northbound', model: 'clustered', cid: ['uuid', ZERO_UUID], sid: ['uuid', SID] };
    await serve(open(rules()), SCHEMA, { [ROW]: { initial: joining } });
    expect(database.status?.clusterId).to.equal(undefined);
    expect(database.unfit()?.reason).to.equal('not-joined');
  });

  it('takes a database of a server that knows of no clusters for a standalone one', async () => {
    await serve(open(rules()), OLD_SCHEMA, { [ROW]: { initial: { name: 'OVN_Northbound' } } });
    expect(database.status?.model).to.equal('standalone');
    expect(database.unfit()).to.equal(undefined);
  });

  it('says when the status changes, and not before the first', async () => {
    await serve(open(rules()), SCHEMA, { [ROW]: { initial: member('OVN_Northbound', CID) } });
    expect(changes).to.equal(0);
    const update = (row: object): void =>
      stream.receive({
        id: null,
        method: 'update3',
        params: ['ovn-northbound:_Server:status', ZERO_UUID, { Database: { [ROW]: row } }],
      });
    update({ modify: { index: 8 } });
    expect(changes).to.equal(1);
    expect(database.status?.index).to.equal(8);
    update({ modify: { leader: false } });
    expect(changes).to.equal(2);
    expect(database.unfit()?.reason).to.equal('not-leader');
    update({ delete: null });
    expect(database.unfit()?.reason).to.equal('no-database');
  });
});
