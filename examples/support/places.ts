/** Where `npm run example` runs an example when it is given no database: on one of its own, with somebody who does things. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { connectNorthbound, lsAdd, lspAdd, lspDel, lspSetAddresses } from 'ovn-northbound';
import { ClusterSandbox, EmbeddedServer, Sandbox } from 'ovn-northbound/testing';

/** A database for one example, and what else it needs. */
export interface Place {
  /** What it is, for people. */
  readonly description: string;
  /** Variables that lead the example there. */
  readonly environment: Readonly<Record<string, string>>;
  /** For examples that watch: what other people do meanwhile, told step by step. */
  readonly story?: (tell: (step: string) => Promise<void>) => Promise<void>;
  close(): Promise<void>;
}

/** Time between two steps of a story, so that one can follow. */
export const STEP_MS = 1_500;

/** Makes the place for an example; with `embedded` on a server in memory, which needs nothing installed. */
export async function openPlace(example: string, embedded: boolean): Promise<Place> {
  switch (example) {
    case 'tls':
      return tlsPlace(embedded);
    case 'follow-leader':
      return embedded ? embeddedClusterPlace() : clusterPlace();
    case 'watching-ports': {
      const place = await plainPlace(embedded);
      return { ...place, story: (tell) => lifeOfPorts(place.environment['OVN_NB_DB'] ?? '', tell) };
    }
    case 'controller':
      return kubernetesPlace(await plainPlace(embedded));
    case 'prometheus-metrics': {
      const place = await plainPlace(embedded);
      const environment = { ...place.environment, PORT: '9476' };
      return { ...place, environment, story: scrape };
    }
    default:
      return plainPlace(embedded);
  }
}

async function plainPlace(embedded: boolean): Promise<Place> {
  const server = embedded ? await EmbeddedServer.start() : await Sandbox.start();
  return {
    description: embedded ? 'a northbound database in memory' : 'a private ovsdb-server with the northbound schema',
    environment: { OVN_NB_DB: server.remote },
    close: () => server.stop(),
  };
}

async function tlsPlace(embedded: boolean): Promise<Place> {
  if (embedded) throw new Error('The embedded server has no TLS; this example needs ovsdb-server and openssl.');
  const sandbox = await Sandbox.start({ ssl: true });
  return {
    description: 'a private ovsdb-server that asks for a client certificate',
    environment: {
      OVN_NB_DB: sandbox.sslRemote,
      OVN_NB_PRIVATE_KEY: sandbox.tls.privateKey,
      OVN_NB_CERTIFICATE: sandbox.tls.certificate,
      OVN_NB_CA_CERT: sandbox.tls.ca,
    },
    close: () => sandbox.stop(),
  };
}

async function clusterPlace(): Promise<Place> {
  const cluster = await ClusterSandbox.start();
  return {
    description: 'a private cluster of three ovsdb-servers',
    environment: { OVN_NB_DB: cluster.remotes.join(',') },
    story: async (tell) => {
      await tell('the leader hands the lead over');
      await (await cluster.leader()).transferLeadership();
      await tell('the leader is killed');
      const killed = await cluster.leader();
      await killed.kill();
      await tell('it comes back, as a follower');
      await killed.start();
      await cluster.whole();
    },
    close: () => cluster.stop(),
  };
}

async function embeddedClusterPlace(): Promise<Place> {
  const server = await EmbeddedServer.start({ members: 3 });
  return {
    description: 'a cluster of three servers in memory',
    environment: { OVN_NB_DB: server.remote },
    story: async (tell) => {
      await tell('the leader hands the lead over');
      server.failover();
      await tell('the leader is killed');
      server.failover({ crash: true });
      await tell('it comes back, as a follower');
      server.restore();
    },
    close: () => server.stop(),
  };
}

async function lifeOfPorts(remotes: string, tell: (step: string) => Promise<void>): Promise<void> {
  const nb = await connectNorthbound({ remotes, onWarning: () => undefined });
  try {
    await tell('ovn-nbctl ls-add shop -- lsp-add shop vm1 -- lsp-add shop vm2');
    await nb.transact((tx) => {
      const shop = lsAdd(tx, 'shop');
      lspAdd(tx, shop, 'vm1');
      lspAdd(tx, shop, 'vm2');
    });
    await tell('ovn-nbctl lsp-set-addresses vm1 "0a:58:0a:10:00:05 10.16.0.5"');
    await nb.transact((tx) => lspSetAddresses(tx, 'vm1', ['0a:58:0a:10:00:05 10.16.0.5']));
    await tell('ovn-nbctl set logical_switch_port vm1 up=true');
    await nb.transact((tx) => tx.update('Logical_Switch_Port', [['name', '==', 'vm1']], { up: true }));
    await tell('ovn-nbctl lsp-del vm2');
    await nb.transact((tx) => lspDel(tx, 'vm2'));
  } finally {
    nb.close();
  }
}

async function scrape(tell: (step: string) => Promise<void>): Promise<void> {
  await tell('curl http://127.0.0.1:9476/metrics');
  const answer = await fetch('http://127.0.0.1:9476/metrics');
  console.log(await answer.text());
}

/** Adds a cluster of Kubernetes, as far as the tests of the controller simulate one. */
async function kubernetesPlace(place: Place): Promise<Place> {
  const { KubernetesApiServer } = await import('../../test/kubernetes/api-server/api-server.js');
  const { SimulatedCluster } = await import('../../test/kubernetes/api-server/simulated-cluster.js');
  const { statefulSetManifest } = await import('../../test/kubernetes/api-server/manifests.js');
  const { OVN_NB_DB: remotes = '' } = place.environment;
  const nb = await connectNorthbound({ remotes, onWarning: () => undefined });
  await nb.transact((tx) => lsAdd(tx, 'shop', { columns: { other_config: { subnet: '10.16.0.0/24' } } }));
  nb.close();

  const server = await KubernetesApiServer.start({ tls: true });
  const cluster = new SimulatedCluster(server.objects);
  server.objects.create('namespaces', '', { metadata: { name: 'shop' } });
  const annotations = { 'ovn.kubernetes.io/ip_pool': '10.16.0.21..10.16.0.22' };
  server.objects.create('statefulsets', 'shop', statefulSetManifest('web', { replicas: 2, annotations }));
  await cluster.reconcile();
  const kubeconfig = join(dirname(remotes.slice('unix:'.length)), 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig(), { mode: 0o600 });
  return {
    description: `${place.description}, and a simulated Kubernetes cluster`,
    environment: { ...place.environment, KUBECONFIG: kubeconfig },
    story: async (tell) => {
      await tell('kubectl -n shop delete pod web-1');
      server.objects.delete('pods', 'shop', 'web-1');
      await cluster.reconcile();
      await tell('kubectl -n shop scale statefulset web --replicas=3');
      server.objects.update('statefulsets', 'shop', 'web', (set) => {
        (set['spec'] as { replicas: number }).replicas = 3;
        return set;
      });
      await cluster.reconcile();
      await sleep(STEP_MS);
    },
    close: async () => {
      await server.stop();
      await place.close();
    },
  };
}
