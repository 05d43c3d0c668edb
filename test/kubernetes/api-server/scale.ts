/** The subresource `scale` of a StatefulSet: what `kubectl scale` reads and writes. */
import type { JsonObject, KubeInput, KubeObject } from './objects.js';
import { isJsonObject, jsonObject } from './objects.js';
import { badRequest } from './status-error.js';

export function scaleOf(set: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = set.metadata;
  const { replicas = 0, selector } = jsonObject(set['spec']);
  const labels = Object.entries(jsonObject(jsonObject(selector)['matchLabels']));
  return {
    ...{ kind: 'Scale', apiVersion: 'autoscaling/v1' },
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas },
    status: {
      replicas: jsonObject(set['status'])['replicas'] ?? 0,
      selector: labels.map(([key, value]) => `${key}=${String(value)}`).join(','),
    },
  };
}

/** The set with the replicas of a Scale, and its resourceVersion as the precondition. */
export function withScale(set: KubeObject, scale: unknown): KubeInput {
  if (!isJsonObject(scale)) throw badRequest('error decoding Scale: it is no JSON object');
  const { resourceVersion } = jsonObject(scale['metadata']);
  const version = typeof resourceVersion === 'string' && resourceVersion !== '' ? { resourceVersion } : {};
  const replicas = jsonObject(scale['spec'])['replicas'] ?? 0;
  return { ...set, metadata: { ...set.metadata, ...version }, spec: { ...jsonObject(set['spec']), replicas } };
}
