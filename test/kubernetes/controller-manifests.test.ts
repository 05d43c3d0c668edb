/** The manifests of the controller example: that they fit each other, the controller, and what it really asks for. */
import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { readOptions } from '../../examples/kubernetes-controller/src/options.js';
import { lsAdd, lsGet } from '../../lib/index.js';
import type { KubeInput } from './api-server/objects.js';
import { clusterRoleRules, Fixture, manifestDocuments } from './controller-fixture.js';

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

function readJson(path: string): { readonly [field: string]: Readonly<Record<string, string>> | undefined } {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')) as never;
}

const FILES = ['1-namespace.yaml', '2-rbac.yaml', '3-deployment.yaml'];

describe("the Kubernetes controller's manifests", function () {
  this.timeout(90_000);

  it('are whole, and put everything into the namespace that the first one makes', () => {
    const all = FILES.flatMap(manifestDocuments);
    expect(all.map(({ kind }) => kind)).to.deep.equal([
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Deployment',
    ]);
    const namespaced = all.filter(({ kind }) => kind === 'ServiceAccount' || kind === 'Deployment');
    for (const { metadata } of namespaced) expect(metadata?.namespace).to.equal(all[0]?.metadata?.name);
    const binding = all.find(({ kind }) => kind === 'ClusterRoleBinding');
    expect(binding?.['subjects']).to.deep.equal([
      { kind: 'ServiceAccount', name: namespaced[0]?.metadata?.name, namespace: all[0]?.metadata?.name },
    ]);
  });

  it('start the controller with flags that it knows, probes that it answers, and files that are mounted', () => {
    const [deployment] = manifestDocuments('3-deployment.yaml') as [KubeInput];
    const { template } = deployment['spec'] as {
      template: { spec: { serviceAccountName: string; containers: Container[] } };
    };
    const [{ args, ports, livenessProbe, readinessProbe, volumeMounts }] = template.spec.containers as [Container];
    const options = readOptions(args, {});
    expect(options.listen?.port).to.equal(ports[0]?.containerPort);
    expect(livenessProbe.httpGet).to.deep.equal({ path: '/healthz', port: ports[0]?.name });
    expect(readinessProbe.httpGet).to.deep.equal({ path: '/readyz', port: ports[0]?.name });
    for (const file of Object.values(options.nbTls ?? {}))
      expect(file).to.match(new RegExp(`^${volumeMounts[0]?.mountPath ?? ''}/`));
    expect(template.spec.serviceAccountName).to.equal('ovn-statefulset-controller');
  });

  it('allow exactly what the controller asks the API server for', async () => {
    await using fixture = await Fixture.start();
    // Every repetition of an event is written, and a second run finds those of the first.
    await fixture.controller({ eventRepeatMs: 0 });
    const metadata = { annotations: { 'ovn-northbound/on-delete': 'release' } };
    fixture.addSet('web', { replicas: 2, pool: '10.16.0.21', metadata });
    await fixture.until('an event is counted', () => fixture.events().some(({ count }) => count > 1));
    await fixture.stopController();
    const { length } = fixture.server.requests;
    await fixture.controller({ eventRepeatMs: 0 });
    await fixture.until('an event is looked up', () =>
      fixture.server.requests
        .slice(length)
        .some(({ attributes: { verb, resource } }) => verb === 'get' && resource === 'events'),
    );
    await fixture.nb.transact((tx) => lsAdd(tx, 'other', { columns: { other_config: { subnet: '10.16.0.0/16' } } }));
    fixture.annotateNamespace('product', { 'ovn.kubernetes.io/logical_switch': 'other' });
    await fixture.until('the port is moved', () => lsGet(fixture.nb, 'other').ports.length === 1);
    fixture.deleteSet('web');
    await fixture.until('the port is gone', () => Object.keys(fixture.ports()).length === 0);
    await fixture.until('all watches were started', () => fixture.server.watches.length === 3);
    const asked = new Set(
      fixture.server.requests.map(({ attributes: { group, resource, verb } }) => `${group}/${resource} ${verb}`),
    );
    const allowed = clusterRoleRules().flatMap(({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)),
      ),
    );
    expect([...asked].sort()).to.deep.equal(allowed.sort());
    expect(fixture.server.requests.filter(({ status }) => status === 403)).to.deep.equal([]);
  });

  it('have a demo that does what it says', async () => {
    await using fixture = await Fixture.start();
    const [namespace] = manifestDocuments('demo/namespace.yaml') as [KubeInput];
    const [set] = manifestDocuments('demo/statefulset.yaml') as [KubeInput];
    fixture.annotateNamespace(namespace.metadata?.name ?? '', namespace.metadata?.annotations ?? {});
    await fixture.controller();
    fixture.server.objects.create('statefulsets', 'product', set);
    await fixture.untilTold({ 'web-0': '10.16.0.21', 'web-1': '10.16.0.22', 'web-2': '10.16.0.23' });
    expect(fixture.annotations('web-0')).to.include({ 'ovn.kubernetes.io/gateway': '10.16.0.1' });
    expect(fixture.events()).to.deep.equal([]);
    fixture.deleteSet('web');
    await fixture.until('the ports are gone', () => Object.keys(fixture.ports()).length === 0);
  });

  it('and its package ask for the versions that it is tested with', () => {
    const root = readJson('package.json');
    const example = readJson('examples/kubernetes-controller/package.json');
    const tested = { ...root['devDependencies'], ...root['dependencies'], 'ovn-northbound': root['version'] };
    for (const [name, version] of Object.entries({ ...example['dependencies'], ...example['devDependencies'] })) {
      expect(tested, name).to.have.property(name, version);
    }
  });
});
