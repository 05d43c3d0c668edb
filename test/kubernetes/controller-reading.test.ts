/** What the controller reads from objects and flags, and what it writes on pods. */
import { expect } from 'chai';

import { annotationChanges, podForManager } from '../../examples/kubernetes-controller/src/annotations.js';
import {
  keepPod,
  keepStatefulSet,
  type Annotations,
  type Pod,
  type StatefulSet,
} from '../../examples/kubernetes-controller/src/kube-objects.js';
import { FLAG_NAMES, readOptions, USAGE, UsageError } from '../../examples/kubernetes-controller/src/options.js';
import { PodIndex } from '../../examples/kubernetes-controller/src/pod-index.js';
import { policyOf, policyOfPorts, policyWarning } from '../../examples/kubernetes-controller/src/release-policy.js';
import { subnetOf } from '../../examples/kubernetes-controller/src/subnets.js';
import type { ManagedPort } from '../../lib/index.js';

const IP = 'ovn.kubernetes.io/ip_address';
const MAC = 'ovn.kubernetes.io/mac_address';
const ALLOCATED = 'ovn.kubernetes.io/allocated';
const REQUESTED_IP = 'ovn-northbound/requested-ip-address';
const FACTS = { logicalSwitch: 'product', cidr: '10.16.0.0/24', gateway: '10.16.0.1' };
const PORT = { ip4: '10.16.0.21', ip6: undefined, mac: '0a:58:0a:10:00:15' };

function podWith(annotations: Annotations, name = 'web-0', uid = 'u1'): Pod {
  return { metadata: { name, namespace: 'product', uid, resourceVersion: '1', annotations }, statefulSet: 'web' };
}

/** The pod after a merge patch of its annotations. */
function patched(pod: Pod, changes: Readonly<Record<string, string | null>> | undefined): Pod {
  const merged = Object.entries({ ...pod.metadata.annotations, ...changes });
  const left = merged.filter((entry): entry is [string, string] => entry[1] !== null);
  return podWith(Object.fromEntries(left));
}

function setWith(annotations: Annotations): StatefulSet {
  return keepStatefulSet({ metadata: { name: 'web', uid: 'u', resourceVersion: '1', annotations } });
}

describe('the annotations of a pod', () => {
  it('tell address, MAC, subnet and switch, and that they are allocated', () => {
    expect(annotationChanges(podWith({}), PORT, FACTS)).to.deep.equal({
      [IP]: '10.16.0.21',
      [MAC]: '0a:58:0a:10:00:15',
      'ovn.kubernetes.io/cidr': '10.16.0.0/24',
      'ovn.kubernetes.io/gateway': '10.16.0.1',
      'ovn.kubernetes.io/logical_switch': 'product',
      [ALLOCATED]: 'true',
    });
  });

  it('have both addresses of a dual-stack port, with a comma', () => {
    expect(annotationChanges(podWith({}), { ...PORT, ip6: 'fd00::15' }, FACTS)).to.include({
      [IP]: '10.16.0.21,fd00::15',
    });
  });

  it('are left alone when nothing differs, and only what differs is written', () => {
    const pod = patched(podWith({}), annotationChanges(podWith({}), PORT, FACTS));
    expect(annotationChanges(pod, PORT, FACTS)).to.equal(undefined);
    expect(annotationChanges(pod, { ...PORT, ip4: '10.16.0.31' }, FACTS)).to.deep.equal({ [IP]: '10.16.0.31' });
    expect(annotationChanges(pod, PORT, { ...FACTS, gateway: undefined })).to.deep.equal({
      'ovn.kubernetes.io/gateway': null,
    });
  });

  it('are wishes until they are allocated', () => {
    const pod = podForManager(podWith({ [IP]: '10.16.0.99', [MAC]: '0a:00:00:00:00:99', 'ovn-northbound/x': 'y' }));
    expect(pod.metadata?.annotations).to.deep.equal({ [IP]: '10.16.0.99', [MAC]: '0a:00:00:00:00:99' });
  });

  it('that were written back are no wish: the pod does not go on asking for the address that it has', () => {
    const pod = patched(podWith({}), annotationChanges(podWith({}), PORT, FACTS));
    expect(podForManager(pod).metadata?.annotations).to.deep.equal({});
  });

  it('keep a wish in force after they were written back, also when they were written back twice', () => {
    const asking = podWith({ [IP]: '10.16.0.99' });
    const port = { ...PORT, ip4: '10.16.0.99' };
    const once = patched(asking, annotationChanges(asking, port, FACTS));
    const twice = patched(once, annotationChanges(once, { ...port, mac: '0a:00:00:00:00:01' }, FACTS));
    for (const pod of [once, twice]) {
      expect(pod.metadata.annotations).to.include({ [REQUESTED_IP]: '10.16.0.99' });
      expect(podForManager(pod).metadata?.annotations).to.deep.equal({ [IP]: '10.16.0.99' });
    }
  });
});

describe('the subnet of a namespace', () => {
  const namespace = (annotations: Annotations): Parameters<typeof subnetOf>[0] => ({
    metadata: { name: 'product', uid: 'u', resourceVersion: '1', annotations },
  });

  it('is what its annotations say', () => {
    const annotations = {
      'ovn.kubernetes.io/logical_switch': 'product',
      'ovn.kubernetes.io/cidr': '10.16.0.0/24,fd00::/64',
      'ovn.kubernetes.io/gateway': '10.16.0.1,fd00::1',
      'ovn.kubernetes.io/exclude_ips': '10.16.0.2..10.16.0.9,10.16.0.20',
    };
    expect(subnetOf(namespace(annotations), undefined)).to.deep.equal({
      logicalSwitch: 'product',
      cidr: '10.16.0.0/24,fd00::/64',
      gateway: '10.16.0.1,fd00::1',
      exclude: '10.16.0.2..10.16.0.9,10.16.0.20',
    });
  });

  it('is the first of several switches, as Kube-OVN writes them', () => {
    const annotations = {
      'ovn.kubernetes.io/logical_switch': 'first,second',
      'ovn.kubernetes.io/cidr': '10.16.0.0/24;10.17.0.0/24',
      'ovn.kubernetes.io/exclude_ips': '10.16.0.1;10.17.0.1',
    };
    expect(subnetOf(namespace(annotations), undefined)).to.deep.equal({
      logicalSwitch: 'first',
      cidr: '10.16.0.0/24',
      exclude: '10.16.0.1',
    });
  });

  it('is on the default switch where the namespace says none, and unknown without one', () => {
    expect(subnetOf(namespace({}), 'all')).to.deep.equal({ logicalSwitch: 'all' });
    expect(subnetOf(undefined, 'all')).to.deep.equal({ logicalSwitch: 'all' });
    expect(subnetOf(namespace({ 'ovn.kubernetes.io/logical_switch': '' }), undefined)).to.equal(undefined);
  });
});

describe('the release policy', () => {
  const port = (value: string | undefined): ManagedPort =>
    ({
      row: { external_ids: value === undefined ? {} : { 'statefulset-controller/on-delete': value } },
    }) as ManagedPort;

  it("is the annotation's, or else the default; what is neither keep nor release keeps, with a warning", () => {
    const release = setWith({ 'ovn-northbound/on-delete': 'release' });
    const keep = setWith({ 'ovn-northbound/on-delete': 'keep' });
    const odd = setWith({ 'ovn-northbound/on-delete': 'Release!' });
    expect([release, keep, odd, setWith({})].map((set) => policyOf(set, 'keep'))).to.deep.equal([
      'release',
      'keep',
      'keep',
      'keep',
    ]);
    expect([release, keep, odd, setWith({})].map((set) => policyOf(set, 'release'))).to.deep.equal([
      'release',
      'keep',
      'keep',
      'release',
    ]);
    expect([release, keep, odd, setWith({})].map((set) => policyWarning(set) !== undefined)).to.deep.equal([
      false,
      false,
      true,
      false,
    ]);
  });

  it('of one that is gone is release only if all its ports say so', () => {
    expect(policyOfPorts([port('release'), port('release')])).to.equal('release');
    expect(policyOfPorts([port('release'), port(undefined)])).to.equal('keep');
    expect(policyOfPorts([])).to.equal('keep');
  });
});

describe('the objects that are kept', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 's', controller: true };
  const metadata = { name: 'web-0', namespace: 'product', uid: 'u', resourceVersion: '7' };

  it('are pods of StatefulSets, also those that were left behind by one, and no others', () => {
    expect(keepPod({ metadata: { ...metadata, ownerReferences: [owner] } })?.statefulSet).to.equal('web');
    expect(keepPod({ metadata })?.statefulSet).to.equal('web');
    expect(keepPod({ metadata: { ...metadata, ownerReferences: [{ ...owner, kind: 'Job' }] } })).to.equal(undefined);
    expect(keepPod({ metadata: { ...metadata, name: 'web' } })).to.equal(undefined);
  });

  it('hold only the annotations that matter here', () => {
    const annotations = { 'example.com/huge': 'x'.repeat(1000), [IP]: '10.16.0.21' };
    expect(keepPod({ metadata: { ...metadata, annotations } })?.metadata.annotations).to.deep.equal({
      [IP]: '10.16.0.21',
    });
  });
});

describe('the pods by StatefulSet', () => {
  it('matter when they come, go or change, but not when only their version does', () => {
    const index = new PodIndex();
    const pod = podWith({});
    const newer = { ...pod, metadata: { ...pod.metadata, resourceVersion: '2' } };
    expect(index.change(undefined, pod)).to.deep.equal(['product/web']);
    expect(index.change(pod, newer)).to.deep.equal([]);
    expect(index.of('product/web')).to.deep.equal([newer]);
    expect(index.change(newer, podWith({ [IP]: '10.16.0.21' }))).to.deep.equal(['product/web']);
    expect(index.takeGone('product/web')).to.deep.equal([]);
    expect(index.change(podWith({}), undefined)).to.deep.equal(['product/web']);
    expect(index.of('product/web')).to.deep.equal([]);
    expect(index.takeGone('product/web')).to.have.lengthOf(1);
    expect(index.takeGone('product/web')).to.have.lengthOf(0);
  });

  it('matter to both StatefulSets when they change hands', () => {
    const index = new PodIndex();
    const pod = podWith({});
    const taken = { ...pod, statefulSet: 'other' };
    index.change(undefined, pod);
    expect(index.change(pod, taken)).to.have.members(['product/web', 'product/other']);
    expect([index.of('product/web').length, index.of('product/other').length]).to.deep.equal([0, 1]);
  });
});

describe('the command line', () => {
  it('needs no more than the remote of the database, from a flag or the environment', () => {
    const options = readOptions(['--nb-remote', 'tcp:127.0.0.1:6641'], {});
    expect(options).to.include({ nbRemote: 'tcp:127.0.0.1:6641', onDelete: 'keep', workers: 4, resyncMs: 300_000 });
    expect(readOptions([], { OVN_NB_REMOTE: 'unix:/run/nb.sock' }).nbRemote).to.equal('unix:/run/nb.sock');
  });

  it('names what is wrong with it', () => {
    const nb = ['--nb-remote', 'tcp:127.0.0.1:6641'];
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /--nb-remote is missing/],
      [[...nb, '--on-delete', 'drop'], /--on-delete is "drop"; it must be keep or release/],
      [[...nb, '--workers', '0'], /--workers is "0"; it must be a whole number, at least 1/],
      [[...nb, '--resync', '1.5'], /--resync is "1.5"/],
      [[...nb, '--listen', '8080'], /--listen is "8080"; it must be HOST:PORT/],
      [[...nb, '--listen', '[::1]:70000'], /--listen is/],
      [['--nb-remote', 'ssl:127.0.0.1:6641'], /--nb-private-key, --nb-certificate and --nb-ca-cert are needed/],
      [[...nb, '--nb-ca-cert', 'ca.pem'], /are needed together/],
      [[...nb, '--vendor='], /--vendor needs a value/],
      [[...nb, '--colour'], /--colour/],
    ];
    for (const [args, message] of wrong)
      expect(() => readOptions(args, {}), args.join(' ')).to.throw(UsageError, message);
  });

  it('reads addresses to listen on, IPv6 ones in brackets', () => {
    const nb = ['--nb-remote', 'tcp:127.0.0.1:6641'];
    expect(readOptions([...nb, '--listen', '0.0.0.0:8080'], {}).listen).to.deep.equal({ host: '0.0.0.0', port: 8080 });
    expect(readOptions([...nb, '--listen', '[::1]:0'], {}).listen).to.deep.equal({ host: '::1', port: 0 });
    expect(readOptions([...nb, '--listen', ':8080'], {}).listen).to.deep.equal({ host: undefined, port: 8080 });
  });

  it('can be asked for help without anything else, and the help names every flag', () => {
    expect(readOptions(['--help'], {}).help).to.equal(true);
    for (const flag of FLAG_NAMES) expect(USAGE).to.include(`--${flag}`);
  });
});
