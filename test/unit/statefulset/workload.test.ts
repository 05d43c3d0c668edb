import { expect } from 'chai';

import { isPortError } from '../../../lib/statefulset/port-error.js';
import {
  IP_ADDRESS_ANNOTATION,
  IP_POOL_ANNOTATION,
  MAC_ADDRESS_ANNOTATION,
  readPod,
  readWorkload,
  type PodLike,
  type StatefulSetLike,
} from '../../../lib/statefulset/workload.js';

const METADATA = { name: 'web', namespace: 'product' };

/** Field and message of the refusal. */
function refusedField(given: unknown): { field: string; message: string } {
  try {
    readWorkload(given as StatefulSetLike);
  } catch (error) {
    if (isPortError(error, 'InvalidStatefulSet')) return { field: error.details.field, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readWorkload', () => {
  it('reads what the manager needs', () => {
    const workload = readWorkload({
      metadata: { ...METADATA, uid: 'u-1', creationTimestamp: '2026-01-02T03:04:05Z' },
      spec: {
        replicas: 3,
        ordinals: { start: 2 },
        template: { metadata: { annotations: { [IP_POOL_ANNOTATION]: '10.0.0.1' } } },
      },
    });
    expect(workload).to.deep.equal({
      ...METADATA,
      key: 'product/web',
      uid: 'u-1',
      createdAt: Date.UTC(2026, 0, 2, 3, 4, 5),
      replicas: 3,
      start: 2,
      pool: '10.0.0.1',
      vendor: 'ovn-northbound',
      warnings: [],
    });
  });

  it('takes the defaults of Kubernetes, for null as well', () => {
    for (const spec of [undefined, null, {}, { replicas: null, ordinals: null, template: null }]) {
      const given = { metadata: { name: 'web' }, spec } as StatefulSetLike;
      expect(readWorkload(given)).to.include({
        key: 'default/web',
        replicas: 1,
        start: 0,
        pool: undefined,
        uid: undefined,
      });
    }
  });

  it('warns of a pool on the StatefulSet itself', () => {
    const annotations = { [IP_POOL_ANNOTATION]: '10.0.0.1' };
    const { pool, warnings } = readWorkload({ metadata: { ...METADATA, annotations } });
    expect(pool).to.equal(undefined);
    expect(warnings).to.deep.equal([
      'product/web: ovn.kubernetes.io/ip_pool stands on the StatefulSet itself, where it has no effect; ' +
        'move it to spec.template.metadata.annotations',
    ]);
  });

  const template = (metadata: unknown): unknown => ({ metadata: METADATA, spec: { template: { metadata } } });
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['null', null, 'the StatefulSet'],
    ['a text', 'product/web', 'the StatefulSet'],
    ['a list', [], 'the StatefulSet'],
    ['an empty object', {}, 'metadata.name'],
    ['a Deployment', { kind: 'Deployment', metadata: METADATA }, 'kind'],
    ['metadata that is a text', { metadata: 'web' }, 'metadata.name'],
    ['a name with capitals', { metadata: { name: 'Web' } }, 'metadata.name'],
    ['a name with a blank', { metadata: { name: 'we b' } }, 'metadata.name'],
    ['a name with an empty label', { metadata: { name: 'a..b' } }, 'metadata.name'],
    ['a name that ends with a hyphen', { metadata: { name: 'web-' } }, 'metadata.name'],
    ['a name of 254 characters', { metadata: { name: 'a'.repeat(254) } }, 'metadata.name'],
    ['a name that is a number', { metadata: { name: 7 } }, 'metadata.name'],
    ['a namespace with a dot', { metadata: { name: 'web', namespace: 'a.b' } }, 'metadata.namespace'],
    ['an empty namespace', { metadata: { name: 'web', namespace: '' } }, 'metadata.namespace'],
    ['a uid that is a number', { metadata: { ...METADATA, uid: 1 } }, 'metadata.uid'],
    ['annotations that are a text', { metadata: { ...METADATA, annotations: 'x' } }, 'metadata.annotations'],
    ['a spec that is a text', { metadata: METADATA, spec: 'replicas: 3' }, 'spec'],
    ['a spec that is a list', { metadata: METADATA, spec: [3] }, 'spec'],
    ['negative replicas', { metadata: METADATA, spec: { replicas: -1 } }, 'spec.replicas'],
    ['half a replica', { metadata: METADATA, spec: { replicas: 1.5 } }, 'spec.replicas'],
    ['replicas in a text', { metadata: METADATA, spec: { replicas: '3' } }, 'spec.replicas'],
    ['replicas that are not a number', { metadata: METADATA, spec: { replicas: NaN } }, 'spec.replicas'],
    ['two billion replicas', { metadata: METADATA, spec: { replicas: 2e9 } }, 'spec.replicas'],
    ['a negative start', { metadata: METADATA, spec: { ordinals: { start: -1 } } }, 'spec.ordinals.start'],
    ['ordinals that are a number', { metadata: METADATA, spec: { ordinals: 5 } }, 'spec.ordinals'],
    [
      'a start that leaves no room',
      { metadata: METADATA, spec: { replicas: 2, ordinals: { start: 2 ** 31 - 2 } } },
      'spec.ordinals.start',
    ],
    ['a template that is a list', { metadata: METADATA, spec: { template: [] } }, 'spec.template'],
    ['template annotations that are a text', template({ annotations: 'a=b' }), 'spec.template.metadata.annotations'],
    [
      'a pool that is a list',
      template({ annotations: { [IP_POOL_ANNOTATION]: ['10.0.0.1'] } }),
      `spec.template.metadata.annotations["${IP_POOL_ANNOTATION}"]`,
    ],
    [
      'a pool that is null',
      template({ annotations: { [IP_POOL_ANNOTATION]: null } }),
      `spec.template.metadata.annotations["${IP_POOL_ANNOTATION}"]`,
    ],
  ];
  for (const [what, given, field] of cases) {
    it(`refuses ${what} and names the field`, () => {
      const refused = refusedField(given);
      expect(refused.field).to.equal(field);
      expect(refused.message).to.contain(`${field} is `);
    });
  }
});

describe('readPod', () => {
  const workload = readWorkload({ metadata: METADATA });

  it('reads uid and overrides', () => {
    const annotations = { [IP_ADDRESS_ANNOTATION]: '10.0.0.9', [MAC_ADDRESS_ANNOTATION]: '0a:00:00:00:00:01' };
    const metadata = { name: 'web-12', namespace: 'product', uid: 'p', annotations };
    expect(readPod(workload, { metadata })).to.deep.equal({
      name: 'web-12',
      ordinal: 12,
      uid: 'p',
      ipOverride: '10.0.0.9',
      macOverride: '0a:00:00:00:00:01',
    });
  });

  for (const [what, metadata, field] of [
    [
      'an address that is a number',
      { annotations: { [IP_ADDRESS_ANNOTATION]: 5 } },
      `metadata.annotations["${IP_ADDRESS_ANNOTATION}"]`,
    ],
    [
      'a MAC that is null',
      { annotations: { [MAC_ADDRESS_ANNOTATION]: null } },
      `metadata.annotations["${MAC_ADDRESS_ANNOTATION}"]`,
    ],
    ['annotations that are a list', { annotations: [] }, 'metadata.annotations'],
    ['a uid that is an object', { uid: {} }, 'metadata.uid'],
  ] as const) {
    it(`refuses ${what} and names the field`, () => {
      const given = { metadata: { name: 'web-0', namespace: 'product', ...metadata } } as unknown as PodLike;
      expect(() => readPod(workload, given)).to.throw(`pod web-0 of product/web gets no port: ${field} is `);
    });
  }
});
