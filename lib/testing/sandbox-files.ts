/** The files of a sandbox: its folder, and the schemas that its databases are made from. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InvalidArgumentError, printValue } from '../errors.js';

/** A database schema in the JSON form of RFC 7047 §3.2. */
export interface SandboxSchema {
  readonly name: string;
  readonly version: string;
  readonly tables: Readonly<Record<string, unknown>>;
  readonly cksum?: string;
}

/** Name of the database that a schema describes, and a file that ovsdb-tool and ovsdb-client can read it from. */
export async function schemaFile(
  schema: string | SandboxSchema,
  directory: string,
): Promise<{ name: string; path: string }> {
  if (typeof schema === 'string') return { name: await readSchemaName(schema), path: schema };
  const name = checkName(schema.name, 'The schema given');
  const path = join(directory, `${name}.ovsschema`);
  await writeFile(path, JSON.stringify(schema));
  return { name, path };
}

async function readSchemaName(path: string): Promise<string> {
  let schema: unknown;
  try {
    schema = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new InvalidArgumentError(`The schema file ${path} cannot be read as JSON: ${String(error)}`, {
      cause: error,
    });
  }
  const name: unknown = typeof schema === 'object' && schema !== null && 'name' in schema ? schema.name : undefined;
  return checkName(name, `The schema file ${path}`);
}

/** A name becomes part of a file name, so it must be an <id> of RFC 7047 §3.1. */
function checkName(name: unknown, where: string): string {
  if (typeof name === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new InvalidArgumentError(`${where} has no usable database name: ${printValue(name)}`);
}
