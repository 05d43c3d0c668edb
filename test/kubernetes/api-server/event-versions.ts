/** One stored event, two API versions: `v1` of the core group and `events.k8s.io/v1` name its fields differently. */
import type { KubeObject } from './objects.js';
import { isJsonObject } from './objects.js';

/** Core name to events.k8s.io name. */
const NAMES: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
};
const CORE_NAMES = Object.fromEntries(Object.entries(NAMES).map(([core, newer]) => [newer, core]));

export function eventFromCore(event: KubeObject): KubeObject {
  return { ...renamed(event, NAMES), apiVersion: 'events.k8s.io/v1' };
}

export function eventToCore(event: KubeObject): KubeObject {
  return { ...renamed(event, CORE_NAMES), apiVersion: 'v1' };
}

function renamed(event: KubeObject, names: Readonly<Record<string, string>>): KubeObject {
  const fields = Object.entries(event).map(([name, value]): [string, unknown] => [names[name] ?? name, value]);
  const result = Object.fromEntries(fields) as KubeObject;
  return isJsonObject(result.metadata) ? result : { ...result, metadata: event.metadata };
}
