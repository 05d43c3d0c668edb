/**
 * One episode of the fuzzing: a client follows a recorded server through a few dozen messages, of which most have
 * been mutated. The seed and the number of an episode decide all that happens in it.
 */
import { Buffer } from 'node:buffer';

import { parseSchema, type DatabaseSchema } from '../../lib/schema/schema.js';
import { RECORDED_MONITOR_ID, type Corpus, type Scene } from './corpus.js';
import { checkIndexes, must, printReplica } from './invariants.js';
import { copyTree, Literal, Members, printTree, readTree, type JsonTree } from './json-tree.js';
import { anyMonster } from './monsters.js';
import { cutUp, mutateBytes } from './mutate-bytes.js';
import { aimAtRows, mutateTree, tweakTree } from './mutate-tree.js';
import { objectPrototypeGrew } from './prototypes.js';
import { Random } from '../random.js';
import { Rig, turn } from './rig.js';

/** Longest that a message may take, in milliseconds; a megabyte takes a few dozen. */
const MAX_MESSAGE_MS = 2000;
const MESSAGES_PER_EPISODE = 60;

/** What came of the messages. */
export interface Counts {
  /** Messages that were not what the server had sent. */
  mutated: number;
  /** Messages as they were recorded. */
  genuine: number;
  /** Mutated messages that changed the replica. */
  applied: number;
  /** Sessions that a message ended. */
  refused: number;
  monsters: number;
  slowestMs: number;
}

interface SceneTrees {
  readonly scene: Scene;
  readonly schema: DatabaseSchema;
  readonly tables: readonly string[];
  readonly snapshot: JsonTree;
  readonly updates: readonly JsonTree[];
  readonly deltas: readonly JsonTree[];
}

/** The corpus, read and ready. */
export class Stage {
  readonly scenes: readonly SceneTrees[];
  readonly others: readonly JsonTree[];
  /** All messages, to take parts from. */
  readonly trees: readonly JsonTree[];

  constructor(corpus: Corpus) {
    const schemas = new Map(
      Object.entries(corpus.schemas).map(([name, reply]) => [
        name,
        parseSchema((JSON.parse(reply) as { result: unknown }).result),
      ]),
    );
    this.scenes = corpus.scenes.map((scene) => ({
      scene,
      schema: schemas.get(scene.database)!,
      tables: corpus.tables[scene.database]!,
      snapshot: readTree(scene.snapshot),
      updates: scene.updates.map(readTree),
      deltas: scene.deltas.map(({ reply }) => readTree(reply)),
    }));
    this.others = corpus.others.map(readTree);
    this.trees = [...this.others, ...this.scenes.flatMap(({ updates, snapshot }) => [...updates, snapshot])];
  }
}

/** Plays one episode; throws when something happens that never must. */
export async function playEpisode(stage: Stage, seed: number, number: number, counts: Counts): Promise<void> {
  const episode = new Episode(stage, new Random(seed, number), counts);
  await episode.play();
}

class Episode {
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #counts: Counts;
  readonly #trees: SceneTrees;
  readonly #rig: Rig;
  /** Number of updates of the scene that have been sent since the snapshot. */
  #position = 0;
  #playedGenuine = false;

  constructor(stage: Stage, random: Random, counts: Counts) {
    this.#stage = stage;
    this.#random = random;
    this.#counts = counts;
    this.#trees = random.pick(stage.scenes);
    this.#rig = new Rig(this.#trees.schema, this.#trees.tables);
  }

  async play(): Promise<void> {
    for (let i = 0; i < MESSAGES_PER_EPISODE; i++) {
      if (!this.#rig.alive) await this.#connect();
      else await this.#send();
    }
    checkIndexes(this.#rig.replica);
    this.#rig.close();
    await turn();
    this.#rig.check();
  }

  /** Begins a session, mostly with a genuine reply to the monitor's request. */
  async #connect(): Promise<void> {
    const { scene, snapshot, deltas } = this.#trees;
    const random = this.#random;
    await this.#rig.connect();
    this.#position = 0;
    for (let tries = 0; tries < 4 && this.#rig.alive && this.#rig.started === 'no'; tries++) {
      this.#rig.collect();
      const request = this.#rig.pending.pop();
      if (request === undefined) return;
      const refuses = request.method !== scene.method;
      const delta = !refuses && deltas.length > 0 && random.chance(0.15);
      let reply = refuses
        ? new Members([['error', 'unknown method']])
        : (copyTree(delta ? random.pick(deltas) : snapshot) as Members);
      reply.set('id', new Literal(String(request.id)));
      const mutate = random.chance(0.1);
      if (mutate && random.chance(0.3)) reply = this.#mutatedTree(reply) as Members;
      const bytes = Buffer.from(printTree(reply));
      await this.#feed(mutate ? mutateBytes(random, bytes) : bytes, mutate, mutate ? Infinity : 1);
      this.#playedGenuine = !mutate && !refuses && !delta;
    }
    if (this.#rig.alive && this.#rig.started === 'no') this.#rig.lose();
  }

  async #send(): Promise<void> {
    const random = this.#random;
    if (random.chance(0.02)) {
      this.#rig.request('transact', [this.#trees.scene.database, {}]);
      this.#rig.collect();
    }
    if (random.chance(0.01)) {
      this.#rig.lose();
      return;
    }
    if (random.chance(0.0003)) {
      this.#counts.monsters++;
      await this.#feed(Buffer.from(anyMonster(random, this.#rig.monitor.id), 'latin1'), true, Infinity);
      return;
    }
    const next = this.#trees.updates[this.#position];
    // As long as all was genuine, the next genuine one must be accepted.
    if (next !== undefined && this.#playedGenuine && random.chance(0.3)) {
      this.#position++;
      await this.#feed(Buffer.from(printTree(this.#addressed(next))), false, 1);
      must(this.#rig.alive, `a genuine update was refused: ${this.#rig.end?.message ?? ''}`);
      return;
    }
    const kind = random.below(10);
    const source =
      kind < 6 ? random.pick(this.#trees.updates) : random.pick(kind < 8 ? this.#stage.others : this.#stage.trees);
    const tree = this.#addressed(source);
    const [text, messages] = this.#mutatedText(tree);
    this.#playedGenuine = false;
    await this.#feed(text, true, messages);
  }

  /** The bytes of one message, or of several that are sent in one piece. */
  #mutatedText(tree: JsonTree): [bytes: Buffer, messages: number] {
    const random = this.#random;
    const how = random.below(10);
    if (how < 3) return [mutateBytes(random, Buffer.from(printTree(tree))), Infinity];
    const text = printTree(this.#mutatedTree(tree));
    if (how < 4) return [mutateBytes(random, Buffer.from(text)), Infinity];
    if (how > 4) return [Buffer.from(text), 1];
    const more = printTree(this.#mutatedTree(this.#addressed(random.pick(this.#trees.updates))));
    return [Buffer.from(text + random.pick(['', '\n', '  ', ',']) + more), Infinity];
  }

  #mutatedTree(tree: JsonTree): JsonTree {
    const stores = [...this.#rig.replica.stores.values()].filter((store) => store.rows.size > 0);
    const rows = new Map(stores.map((store) => [store.name, [...store.rows.keys()]]));
    const material = { trees: this.#stage.trees, rows };
    const random = this.#random;
    const gentle = random.chance(0.25);
    if (gentle || random.chance(0.5)) aimAtRows(random, tree, material);
    if (!gentle) mutateTree(random, tree, material);
    else if (random.chance(0.7)) tweakTree(random, tree);
    return tree;
  }

  /** A copy that names this client's monitor, or the request that waits for a reply. */
  #addressed(source: JsonTree): JsonTree {
    const tree = copyTree(source);
    if (!(tree instanceof Members)) return tree;
    const params = tree.get('params');
    if (Array.isArray(params) && params[0] === RECORDED_MONITOR_ID) params[0] = this.#rig.monitor.id;
    const request = this.#rig.pending.at(-1);
    if (tree.get('id') instanceof Literal && request !== undefined) tree.set('id', new Literal(String(request.id)));
    return tree;
  }

  /** Sends and looks at what has become of everything. `messages` is how many there are at most in these bytes. */
  async #feed(bytes: Buffer, mutated: boolean, messages: number): Promise<void> {
    const { replica, follower } = this.#rig;
    const random = this.#random;
    this.#counts[mutated ? 'mutated' : 'genuine']++;
    const [version, batches] = [replica.version, follower.batches];
    const before = random.chance(0.03) ? printReplica(replica) : undefined;
    const tookMs = this.#rig.feed(cutUp(random, bytes));
    await turn();
    this.#counts.slowestMs = Math.max(this.#counts.slowestMs, tookMs);
    must(tookMs < MAX_MESSAGE_MS, `a message of ${bytes.length} bytes took ${Math.round(tookMs)} ms`);
    this.#rig.check();
    const told = follower.batches - batches;
    must(replica.version - version === told, `${replica.version - version} changes came with ${told} events`);
    if (!this.#rig.alive) {
      this.#counts.refused++;
      if (messages === 1)
        must(
          told === 0 || this.#rig.end === undefined,
          `a message was refused after it had changed the replica: ${this.#rig.end?.message ?? ''}`,
        );
    }
    if (told === 0 && before !== undefined)
      must(printReplica(replica) === before, 'the replica changed without an event');
    if (told > 0 && mutated) this.#counts.applied++;
    if (before !== undefined) {
      follower.compare(replica);
      checkIndexes(replica);
    }
    must(!objectPrototypeGrew(), 'Object.prototype has another number of properties');
  }
}
