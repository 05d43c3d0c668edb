/** Label and field selectors, as text from a query. */
import type { KubeObject } from './objects.js';
import { arrayOf, isJsonObject, jsonObject } from './objects.js';
import { badRequest } from './status-error.js';

export type Predicate = (object: KubeObject) => boolean;

const SET_BASED = /^([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY = /^([^\s!=(),]+)\s*(==|!=|=)\s*([^\s!=(),]*)$/;
const EXISTENCE = /^(!?)\s*([^\s!=(),]+)$/;

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`; all must hold. Throws 400. */
export function labelSelector(text: string): Predicate {
  const requirements = splitOutsideBrackets(text).map((part) => labelRequirement(part, text));
  return ({ metadata }) => requirements.every((holds) => holds(metadata.labels ?? {}));
}

function labelRequirement(part: string, whole: string): (labels: Readonly<Record<string, string>>) => boolean {
  const set = SET_BASED.exec(part);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => {
      const value = labels[key];
      const included = value !== undefined && values.has(value);
      return operator === 'in' ? included : !included;
    };
  }
  const equality = EQUALITY.exec(part);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const existence = EXISTENCE.exec(part);
  if (existence === null) throw badRequest(`unable to parse requirement "${part}" of the label selector "${whole}"`);
  const [, not, key = ''] = existence;
  return (labels) => (labels[key] !== undefined) === (not === '');
}

function splitOutsideBrackets(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * `metadata.name=web-0,spec.nodeName!=node-1`; only the fields that the resource can be selected by.
 * Throws 400 for another field.
 */
export function fieldSelector(text: string, supported: readonly string[]): Predicate {
  const terms = splitOutsideBrackets(text).map((part) => {
    const match = EQUALITY.exec(part);
    if (match === null) throw badRequest(`invalid field selector "${text}": cannot parse "${part}"`);
    const [, field = '', operator, value = ''] = match;
    if (!supported.includes(field)) throw badRequest(`field label not supported: ${field}`);
    return { path: field.split('.'), equal: operator !== '!=', value };
  });
  return (object) => terms.every(({ path, equal, value }) => (fieldText(object, path) === value) === equal);
}

function fieldText(object: KubeObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** `spec.selector` of a workload: matchLabels and matchExpressions. An empty selector matches everything. */
export function selectorMatches(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels, matchExpressions } = jsonObject(selector);
  const equal = Object.entries(jsonObject(matchLabels)).every(([key, value]) => labels[key] === value);
  return equal && arrayOf(matchExpressions).every((term) => expressionHolds(jsonObject(term), labels));
}

function expressionHolds(
  { key, operator, values }: Record<string, unknown>,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[String(key)];
  switch (operator) {
    case 'In':
      return value !== undefined && arrayOf(values).includes(value);
    case 'NotIn':
      return value === undefined || !arrayOf(values).includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
