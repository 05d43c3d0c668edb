/**
 * What an event must hold. One with `eventTime` is of the new kind and must say who reports it and what was done;
 * what comes by way of events.k8s.io must be of the new kind, without the old fields, and only its series may change.
 */
import type { KubeObject } from './objects.js';
import { jsonObject, sameJson } from './objects.js';
import type { FieldFault } from './status-error.js';

export const EVENTS_GROUP = 'events.k8s.io';

/** In bytes of UTF-8. */
const MAX_FIELD_LENGTH = 128;
const MAX_MESSAGE_LENGTH = 1_024;
const OLD_FIELDS = ['firstTimestamp', 'lastTimestamp', 'count', 'source'];
/** What cannot change by way of events.k8s.io, besides the old fields. */
const FIXED_FIELDS = [
  ...['involvedObject', 'related', 'reason', 'action', 'message', 'type', 'eventTime'],
  ...['reportingComponent', 'reportingInstance'],
];

/** Of an event in its core form, for a request by way of an API group. */
export function eventFaults(event: KubeObject, group: string): readonly FieldFault[] {
  const isNew = event['eventTime'] !== undefined;
  const faults = [...namespaceFaults(event, isNew), ...(isNew ? reportFaults(event) : [])];
  return group === EVENTS_GROUP ? [...faults, ...strictFaults(event)] : faults;
}

export function eventUpdateFaults(event: KubeObject, old: KubeObject, group: string): readonly FieldFault[] {
  if (group !== EVENTS_GROUP) return [];
  return [...FIXED_FIELDS, ...OLD_FIELDS]
    .filter((field) => !sameJson(event[field], old[field]))
    .map((field) => invalidField(field, event[field], 'field is immutable'));
}

function namespaceFaults({ metadata, involvedObject }: KubeObject, isNew: boolean): readonly FieldFault[] {
  const namespace = jsonObject(involvedObject)['namespace'] ?? '';
  const own = metadata.namespace ?? '';
  const isRight = namespace === '' ? own === 'default' || (isNew && own === 'kube-system') : isNew || namespace === own;
  return isRight ? [] : [invalidField('involvedObject.namespace', namespace, 'does not match event.namespace')];
}

function reportFaults(event: KubeObject): readonly FieldFault[] {
  const fields: readonly (readonly [string, string, number])[] = [
    ['reportingController', 'reportingComponent', MAX_FIELD_LENGTH],
    ['reportingInstance', 'reportingInstance', MAX_FIELD_LENGTH],
    ['action', 'action', MAX_FIELD_LENGTH],
    ['reason', 'reason', MAX_FIELD_LENGTH],
  ];
  const missing = fields
    .filter(([, name]) => (event[name] ?? '') === '')
    .map(([field]): FieldFault => ({ field, reason: 'FieldValueRequired', message: 'Required value' }));
  const tooLong = [...fields, ['message', 'message', MAX_MESSAGE_LENGTH] as const]
    .filter(([, name, length]) => Buffer.byteLength(textOf(event[name])) > length)
    .map(([field, , length]) => invalidField(field, '', `can have at most ${length} characters`));
  return [...missing, ...tooLong];
}

function strictFaults(event: KubeObject): readonly FieldFault[] {
  const faults: FieldFault[] = [];
  const { series } = event;
  if (series !== undefined && Number(jsonObject(series)['count'] ?? 0) < 2) {
    faults.push(invalidField('series.count', '', 'should be at least 2'));
  }
  const isStored = event.metadata.resourceVersion !== '';
  if (isStored) return faults;
  if (event['eventTime'] === undefined) {
    faults.push({ field: 'eventTime', reason: 'FieldValueRequired', message: 'Required value' });
  }
  if (event['type'] !== 'Normal' && event['type'] !== 'Warning') {
    faults.push(invalidField('type', '', `has invalid value: ${textOf(event['type'])}`));
  }
  const unwanted = OLD_FIELDS.filter((field) => event[field] !== undefined);
  return [...faults, ...unwanted.map((field) => invalidField(field, '', 'needs to be unset'))];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function invalidField(field: string, value: unknown, why: string): FieldFault {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}` };
}
