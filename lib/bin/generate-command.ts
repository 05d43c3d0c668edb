/** `ovn-northbound generate`: the typed description of a database, from a schema file or a running server. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { InvalidArgumentError, OvsdbError } from '../errors.js';
import { generateTables } from '../schema/generate.js';
import type { DatabaseSchema } from '../schema/schema.js';
import { parseSchema } from '../schema/schema.js';
import { parseJson } from '../wire/json.js';
import type { TlsOptions } from '../wire/tls.js';
import { fetchSchema } from './fetch-schema.js';
import type { CommandOutput } from './command-output.js';

/** One line for the list of commands. */
export const GENERATE_SUMMARY = 'write TypeScript types for the tables of an OVSDB database';

/** The command's help text. */
export const GENERATE_HELP = `Usage: ovn-northbound generate --schema FILE [OPTION]...
       ovn-northbound generate --remote REMOTE [OPTION]...

Writes a TypeScript module that describes the tables of a database: their
columns and types, and the schema itself as data.

From where:
  --schema FILE         schema file (.ovsschema)
  --remote REMOTE       running server: unix:PATH, tcp:HOST:PORT or
                        ssl:HOST:PORT, or several with commas
  --database NAME       database of the server; needed when it serves several
  --private-key FILE    for ssl: the client's key,
  --certificate FILE    its certificate,
  --ca-cert FILE        and the certificate authority of the server

What:
  --name NAME           prefix of the names, such as Northbound for
                        NorthboundTables (default: from the schema)
  --older FILE          schema of an older server that is to be served as well;
                        columns that it lacks are marked, and may be undefined
                        in rows (may be repeated)
  --import-from MODULE  module that exports the column types (default:
                        ovn-northbound)
  --out FILE            file to write (default: standard output)

Exit code: 0 done, 1 failed, 2 wrong command line.

Examples:
  ovn-northbound generate --remote tcp:10.0.0.5:6641 --out tables.ts
  ovn-northbound generate --schema ovn-sb.ovsschema --name Southbound
`;

const OPTIONS = {
  schema: { type: 'string' },
  remote: { type: 'string' },
  database: { type: 'string' },
  'private-key': { type: 'string' },
  certificate: { type: 'string' },
  'ca-cert': { type: 'string' },
  name: { type: 'string' },
  older: { type: 'string', multiple: true },
  'import-from': { type: 'string' },
  out: { type: 'string' },
} as const;

/**
 * Runs the command.
 * @throws InvalidArgumentError for a command line that makes no sense, OvsdbError for everything that fails.
 */
export async function generate(args: readonly string[], output: CommandOutput): Promise<void> {
  const values = parseOptions(args);
  const tls: TlsOptions = {
    ...(values['private-key'] !== undefined && { privateKeyFile: values['private-key'] }),
    ...(values.certificate !== undefined && { certificateFile: values.certificate }),
    ...(values['ca-cert'] !== undefined && { caCertFile: values['ca-cert'] }),
  };
  let schema: DatabaseSchema;
  if (values.schema !== undefined && values.remote === undefined) {
    schema = await readSchema(values.schema);
  } else if (values.remote !== undefined && values.schema === undefined) {
    const progress = output.progress?.begin(`fetching the schema from ${values.remote}`);
    try {
      schema = await fetchSchema(values.remote, { tls, database: values.database });
    } finally {
      progress?.end();
    }
  } else {
    throw new InvalidArgumentError('give either --schema FILE or --remote REMOTE');
  }
  if (values.schema !== undefined && values.database !== undefined && values.database !== schema.name) {
    throw new InvalidArgumentError(`${values.schema} is the schema of ${schema.name}, not of ${values.database}`);
  }
  const olderSchemas = await Promise.all((values.older ?? []).map(readSchema));
  const text = generateTables(schema, { name: values.name, importFrom: values['import-from'], olderSchemas });
  if (values.out === undefined) output.write(text);
  else await writeText(values.out, text);
}

function parseOptions(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message, { cause: error });
  }
}

async function readSchema(path: string): Promise<DatabaseSchema> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OvsdbError('File', `cannot read the schema ${path}: ${(error as Error).message}`, { cause: error });
  }
  let json: unknown;
  try {
    json = parseJson(text, true);
  } catch (error) {
    throw new OvsdbError('File', `the schema ${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  try {
    return parseSchema(json);
  } catch (error) {
    throw new OvsdbError('File', `the schema ${path} is malformed: ${(error as Error).message}`, { cause: error });
  }
}

async function writeText(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new OvsdbError('File', `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}
