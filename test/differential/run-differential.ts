/** Many random transactions on many random schemas, and what is left of the first one that goes differently. */
import { Sandbox } from '../../lib/testing/sandbox.js';
import { Random } from '../random.js';
import { Differential, noFigures, type Difference, type Figures, type Step } from './differential.js';
import { changedSchema, randomSchema, type SchemaJson } from './random-schema.js';
import { OWNED_LOCK, TransactionMaker } from './random-transaction.js';
import { RealServer } from './real-server.js';
import { shrink } from './shrink.js';

export interface RunOptions {
  readonly seed: number;
  readonly transactions: number;
  /** Transactions upon one schema. Default 400. */
  readonly perSchema?: number;
  onProgress?(figures: Figures): void;
}

/** What went differently, and the least that shows it. */
export interface Finding {
  readonly schema: SchemaJson;
  readonly steps: readonly Step[];
  readonly difference: Difference;
}

export interface Outcome {
  readonly figures: Figures;
  readonly schemas: number;
  readonly finding: Finding | undefined;
}

/** After so many transactions the schema of a database is changed. */
const CONVERT_EVERY = 100;

/** See the head of this file. One server process, one database for each schema. */
export async function runDifferential(options: RunOptions): Promise<Outcome> {
  const { seed, transactions, perSchema = 400 } = options;
  const count = Math.ceil(transactions / perSchema);
  const schemas = Array.from({ length: count }, (_, i) => randomSchema(new Random(seed, 2 * i), `random${i}`));
  await using sandbox = await Sandbox.start({ schemas });
  using server = await RealServer.connect(sandbox.remote, OWNED_LOCK);
  const figures = noFigures();
  for (const [i, schema] of schemas.entries()) {
    const random = new Random(seed, 2 * i + 1);
    const differential = new Differential(server, schema, figures);
    const maker = new TransactionMaker(random, differential.ours);
    const steps: Step[] = [];
    const play = async (step: Step): Promise<Difference | undefined> => {
      steps.push(step);
      return differential.step(step);
    };
    for (let n = 1; n <= perSchema && figures.transactions < transactions; n++) {
      let difference = await play({ operations: maker.make() });
      if (difference === undefined && n % CONVERT_EVERY === 0) {
        difference = await play({ schema: changedSchema(random, inForce(differential)) });
      }
      if (difference === undefined) continue;
      return { figures, schemas: i + 1, finding: await shrink(server, schema, steps, difference) };
    }
    options.onProgress?.(figures);
  }
  return { figures, schemas: count, finding: undefined };
}

function inForce(differential: Differential): SchemaJson {
  return differential.ours.schemaJson as unknown as SchemaJson;
}
