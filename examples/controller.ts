/**
 * Embedding in a controller: the informers of a Kubernetes client drive a StatefulSetPortManager, until Ctrl-C.
 *
 *   npm install ovn-northbound @kubernetes/client-node      on Node 20 @kubernetes/client-node@1: later ones need 22
 *   npx tsx controller.ts tcp:127.0.0.1:6641      or with the remote in OVN_NB_DB; the cluster is that of KUBECONFIG
 *
 * In a checkout, `npm run example controller` runs it on a private database and a simulated cluster. For production there
 * is a whole controller in examples/kubernetes-controller: with annotations, events, metrics and manifests.
 */
import { AppsV1Api, CoreV1Api, KubeConfig, makeInformer, type V1Pod } from '@kubernetes/client-node';
import { connectNorthbound, PortError, StatefulSetPortManager } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';
const nb = await connectNorthbound({ remotes });

// A namespace takes part by having a switch of its name, whose other_config:subnet says the subnet. The manager keeps no
// state but what is in the database: it may be killed at any time, and several may run at once.
const manager = new StatefulSetPortManager(nb, { subnets: (namespace) => ({ logicalSwitch: namespace }) });
manager.on('allocated', ({ port, ip4, mac }) => console.log(`allocated  ${port} ${ip4} ${mac}`));
manager.on('retained', ({ port, ip4, mac }) => console.log(`retained   ${port} ${ip4} ${mac}`));

const kubeConfig = new KubeConfig();
kubeConfig.loadFromDefault();
const apps = kubeConfig.makeApiClient(AppsV1Api);
const core = kubeConfig.makeApiClient(CoreV1Api);
const sets = makeInformer(kubeConfig, '/apis/apps/v1/statefulsets', () => apps.listStatefulSetForAllNamespaces());
const pods = makeInformer(kubeConfig, '/api/v1/pods', () => core.listPodForAllNamespaces());
const generations = new Map<string | undefined, number | undefined>();

/** Brings the ports of a StatefulSet in line with it, and then one pod's. Too often does no harm: nothing is sent then. */
async function reconcile(namespace = '', name = '', pod?: V1Pod): Promise<void> {
  const set = sets.get(name, namespace);
  if (set === undefined || nb.tables.Logical_Switch.find({ name: namespace }) === undefined) return;
  try {
    if (pod === undefined) {
      // Ports are there before the pods are. Pods that can get none are refused one by one, with what to do about it.
      const { errors } = await manager.apply(set);
      for (const error of errors) console.error(`refused    ${error.code}: ${error.message}`);
    } else {
      const { status, port, ip4, mac } = await manager.ensurePort(pod, set);
      console.log(`${status.padEnd(10)} ${port} ${ip4} ${mac} for pod ${pod.metadata?.uid}`);
    }
  } catch (error) {
    // A PortError is for the author of the manifest. Anything else, such as a database out of reach, passes.
    console.error(`failed     ${String(error)}`);
    if (!(error instanceof PortError)) setTimeout(() => void reconcile(namespace, name, pod), 2_000);
  }
}

for (const event of ['add', 'update'] as const) {
  sets.on(event, ({ metadata }) => {
    if (generations.get(metadata?.uid) === metadata?.generation) return; // its status changed, not what it asks for
    generations.set(metadata?.uid, metadata?.generation);
    void reconcile(metadata?.namespace, metadata?.name);
  });
}
pods.on('add', (pod) => {
  const owner = pod.metadata?.ownerReferences?.find(({ kind }) => kind === 'StatefulSet');
  if (owner !== undefined) void reconcile(pod.metadata?.namespace, owner.name, pod);
});
// A pod that goes leaves its port behind, and so does a StatefulSet: `manager.release(set)` is for those who mean it.
pods.on('delete', (pod) => void manager.podDeleted(pod));

let stopped = false;
for (const informer of [sets, pods]) {
  informer.on('error', (error: unknown) => {
    if (stopped) return;
    console.error(`watching   again after ${String(error)}`);
    setTimeout(() => void informer.start(), 2_000);
  });
  await informer.start();
}

process.once('SIGINT', () => {
  stopped = true;
  void Promise.all([sets.stop(), pods.stop()]).then(() => console.log('stopped; the ports stay'));
  manager.close();
  nb.close();
});
console.log(`watching   ${sets.list().length} StatefulSets and ${pods.list().length} pods, Ctrl-C ends it`);
