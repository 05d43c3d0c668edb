import { expect } from 'chai';

import { readManifest, type Manifest } from '../../../lib/bin/ports/manifest.js';
import { OvsdbError } from '../../../lib/errors.js';

function read(...texts: string[]): Manifest {
  return readManifest(texts.map((text, i) => ({ file: `${i + 1}.yaml`, text })));
}

function refusal(...texts: string[]): OvsdbError {
  try {
    read(...texts);
  } catch (error) {
    if (error instanceof OvsdbError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const keysOf = ({ sets }: Manifest): string[] => sets.map(({ workload }) => workload.key);
const WEB = 'kind: StatefulSet\nmetadata: {name: web, namespace: product}\nspec: {replicas: 2}\n';

describe('readManifest', () => {
  it('finds the StatefulSets of several documents and files, in their order', () => {
    const manifest = read(`---\n${WEB}---\n---\nkind: StatefulSet\nmetadata: {name: db}\n`, WEB.replace('web', 'api'));
    expect(keysOf(manifest)).to.deep.equal(['product/web', 'default/db', 'product/api']);
    expect(manifest.sets[0]?.workload.replicas).to.equal(2);
    expect(manifest.notes).to.deep.equal([]);
  });

  it('reads JSON, and takes lists apart, whose members may do without a kind', () => {
    const list = { kind: 'List', items: [{ kind: 'StatefulSetList', items: [{ metadata: { name: 'a' } }] }] };
    expect(keysOf(read(JSON.stringify(list, null, '\t')))).to.deep.equal(['default/a']);
    expect(keysOf(read('kind: StatefulSetList\nitems:\n- metadata: {name: b}\n'))).to.deep.equal(['default/b']);
    expect(keysOf(read('{kind: StatefulSet, metadata: {name: flow}}'))).to.deep.equal(['default/flow']);
  });

  it('gives pods to their StatefulSets, by owner or else by name, wherever they stand', () => {
    const pods = [
      'kind: Pod\nmetadata: {name: web-0, namespace: product}\n',
      'kind: Pod\nmetadata: {name: odd, namespace: product, ownerReferences: [{kind: StatefulSet, name: web}]}\n',
      'kind: Pod\nmetadata: {name: web-1, namespace: product, ownerReferences: [{kind: ReplicaSet, name: web}]}\n',
      'kind: Pod\nmetadata: {name: web-2, namespace: other}\n',
    ];
    const manifest = read([pods[0], WEB, ...pods.slice(1)].join('---\n'));
    expect([...(manifest.sets[0]?.pods.keys() ?? [])]).to.deep.equal(['web-0', 'odd']);
    expect(manifest.notes).to.deep.equal(['passed over: 2 Pod']);
    expect([...manifest.podKeys]).to.deep.equal(['product/web-0', 'product/odd', 'product/web-1', 'other/web-2']);
  });

  describe('the addresses that pods ask for', () => {
    const annotationsOf = (...texts: string[]): Record<string, unknown> => {
      const [set] = read(texts.join('---\n')).sets;
      return Object.fromEntries([...(set?.pods ?? [])].map(([name, pod]) => [name, pod.metadata?.annotations]));
    };
    const pod = (annotations: object): string =>
      JSON.stringify({ kind: 'Pod', metadata: { name: 'web-0', namespace: 'product', uid: 'u', annotations } }) + '\n';
    const IP = 'ovn.kubernetes.io/ip_address';
    const MAC = 'ovn.kubernetes.io/mac_address';
    const ALLOCATED = { 'ovn.kubernetes.io/allocated': 'true' };

    it('are those of their annotations', () => {
      const asked = { [IP]: '10.16.0.9', [MAC]: '02:00:00:00:00:09' };
      expect(annotationsOf(WEB, pod({ ...asked, other: 'x' }))).to.deep.equal({ 'web-0': asked });
    });

    it('are not the addresses that they were told they have', () => {
      const told = { ...ALLOCATED, [IP]: '10.16.0.9', [MAC]: '02:00:00:00:00:09' };
      expect(annotationsOf(WEB, pod(told))).to.deep.equal({ 'web-0': {} });
      const granted = { ...told, 'ovn-northbound/requested-ip-address': '10.16.0.8' };
      expect(annotationsOf(WEB, pod(granted))).to.deep.equal({ 'web-0': { [IP]: '10.16.0.8' } });
      expect(read(`${WEB}---\n${pod(told)}`).sets[0]?.pods.get('web-0')?.metadata?.uid).to.equal('u');
    });

    it('are those of the template for pods to come', () => {
      const template = { metadata: { annotations: { [IP]: '10.16.0.7', other: 'x' } } };
      const spec = { replicas: 2, ordinals: { start: 0 }, template };
      const set = `${JSON.stringify({ kind: 'StatefulSet', metadata: { name: 'web', namespace: 'product' }, spec })}\n`;
      expect(annotationsOf(set, pod(ALLOCATED))).to.deep.equal({ 'web-0': {}, 'web-1': { [IP]: '10.16.0.7' } });
      expect(annotationsOf(WEB)).to.deep.equal({});
    });

    it('are refused with their pod when they are malformed, not here', () => {
      expect(annotationsOf(WEB, 'kind: Pod\nmetadata: {name: web-0, namespace: product, annotations: [a]}\n')).to.deep.equal({ 'web-0': ['a'] }); // prettier-ignore
      expect(annotationsOf(WEB, pod({ [IP]: 7 }))).to.deep.equal({ 'web-0': { [IP]: 7 } });
    });
  });

  it('passes over other kinds and says so', () => {
    const others = 'kind: Service\n---\nkind: Service\n---\nkind: ConfigMap\n---\n{a: 1}\n---\n';
    expect(read(`${others}${WEB}`).notes).to.deep.equal([
      'passed over: 2 Service, 1 ConfigMap, 1 object without a kind',
    ]);
  });

  it('resolves anchors and merge keys as kubectl does', () => {
    const text = `kind: StatefulSet\nmetadata: {name: web}\nspec: {<<: &size {replicas: 7}}\n`;
    expect(read(text).sets[0]?.workload.replicas).to.equal(7);
  });

  it('keeps the annotation of a pool a text', () => {
    const text = `${WEB.replace('{replicas: 2}', '')}\n  template: {metadata: {annotations: {ovn.kubernetes.io/ip_pool: "10.16.0.21,10.16.0.22"}}}\n`;
    expect(read(text).sets[0]?.workload.pool).to.equal('10.16.0.21,10.16.0.22');
  });

  it('says where a text is not YAML', () => {
    const error = refusal('kind: [StatefulSet\nmetadata: {');
    expect(error.code).to.equal('File');
    expect(error.message)
      .to.match(/^1\.yaml is not YAML: .* line \d/)
      .and.not.include('\n');
  });

  it('refuses texts that swell when aliases are resolved', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(12).fill(`*l${i}`).join(',')}]`,
    );
    expect(refusal(`l0: &l0 [x]\n${levels.join('\n')}\n`).message).to.match(/^1\.yaml is not usable YAML: .*alias/);
  });

  it('refuses a manifest without a StatefulSet, and says what it holds', () => {
    expect(refusal('kind: Deployment\n').message).to.equal('1.yaml: no StatefulSet in it, only 1 Deployment');
    expect(refusal('', '---\n').message).to.equal('1.yaml, 2.yaml: no StatefulSet in it');
    expect(refusal('just words').message).to.equal('1.yaml holds "just words" where a Kubernetes object should be');
  });

  it('refuses a StatefulSet that stands there twice, in one file or in two', () => {
    expect(refusal(`${WEB}---\n${WEB}`).message).to.equal(
      'which StatefulSet product/web is meant? 1.yaml holds it twice',
    );
    expect(refusal(WEB, WEB).message).to.equal('which StatefulSet product/web is meant? 1.yaml and 2.yaml hold it');
  });

  it('refuses a StatefulSet that Kubernetes would refuse, before any other is used', () => {
    const error = refusal(`${WEB}---\nkind: StatefulSet\nmetadata: {name: Web_1}\n`);
    expect(error.code).to.equal('InvalidStatefulSet');
    expect(error.message).to.include('metadata.name is "Web_1"');
  });
});
