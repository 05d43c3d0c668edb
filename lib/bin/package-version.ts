/** Which version of the package this is. */
import { readFileSync } from 'node:fs';

/** The version, from the package's own `package.json`: in a checkout and in the package two folders up. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
