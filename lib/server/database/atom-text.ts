/** Single values of columns as JSON and as messages show them. */
import type { AtomicType } from '../../schema/schema-json.js';
import type { Atom } from '../../schema/types.js';
import { isUuid } from '../../schema/uuid.js';
import { realJson, realText, type Json } from './json-text.js';

/** An atom as JSON. */
export function atomJson(type: AtomicType, atom: Atom): Json {
  switch (type) {
    case 'uuid':
      return ['uuid', atom];
    case 'real':
      return realJson(atom as number);
    default:
      return atom;
  }
}

/** An atom as messages show it. */
export function atomText(type: AtomicType, atom: Atom): string {
  if (type === 'real') return realText(atom as number);
  if (type === 'string') return needsQuotes(atom as string) ? JSON.stringify(atom) : (atom as string);
  return String(atom);
}

function needsQuotes(text: string): boolean {
  return !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) || text === 'true' || text === 'false' || isUuid(text);
}
