/** Small objects to begin with. */
import type { JsonObject, KubeInput } from './objects.js';

export function podManifest(name: string, metadata: KubeInput['metadata'] = {}): KubeInput {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata } },
    spec: { containers: [{ name: 'main', image: 'registry.example/main:1' }] },
  };
}

export interface StatefulSetSettings {
  readonly replicas?: number;
  /** Of the pod template. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly image?: string;
  /** Anything else of the spec: `ordinals`, `podManagementPolicy`, `updateStrategy`. */
  readonly spec?: JsonObject;
  readonly metadata?: KubeInput['metadata'];
}

/** A StatefulSet whose pods are labelled `app: <name>`. */
export function statefulSetManifest(name: string, settings: StatefulSetSettings = {}): KubeInput {
  const { replicas = 1, annotations = {}, image = 'registry.example/main:1', spec = {}, metadata = {} } = settings;
  return {
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, ...metadata } },
    spec: {
      ...{ replicas, serviceName: name, selector: { matchLabels: { app: name } } },
      template: {
        metadata: { labels: { app: name }, annotations: { ...annotations } },
        spec: { containers: [{ name: 'main', image }] },
      },
      ...spec,
    },
  };
}
