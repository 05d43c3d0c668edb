/**
 * A cluster in small for the tests of the controller: an API server that enforces the controller's own ClusterRole, with
 * the StatefulSet controller and kubelet moved on by the test, and a northbound database on a real ovsdb-server.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { KubeConfig } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';

import { Controller, type ControllerOptions } from '../../examples/kubernetes-controller/src/controller.js';
import { KubeApi } from '../../examples/kubernetes-controller/src/kube-api.js';
import { connectNorthbound, lsAdd, type NorthboundClient } from '../../lib/index.js';
import { Sandbox } from '../../lib/testing/index.js';
import { KubernetesApiServer } from './api-server/api-server.js';
import { statefulSetManifest, type StatefulSetSettings } from './api-server/manifests.js';
import type { KubeletOptions } from './api-server/kubelet.js';
import type { KubeInput, KubeObject } from './api-server/objects.js';
import type { PolicyRule } from './api-server/rbac.js';
import { SimulatedCluster } from './api-server/simulated-cluster.js';

/** The documents of a manifest of the example. */
export function manifestDocuments(file: string): readonly KubeInput[] {
  const url = new URL(`../../examples/kubernetes-controller/manifests/${file}`, import.meta.url);
  return parseAllDocuments(readFileSync(url, 'utf8')).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as KubeInput;
  });
}

/** What the example's ClusterRole allows. */
export function clusterRoleRules(): readonly PolicyRule[] {
  const role = manifestDocuments('2-rbac.yaml').find(({ kind }) => kind === 'ClusterRole');
  return role?.['rules'] as readonly PolicyRule[];
}

/** An Event as far as tests look at it. */
export interface SeenEvent {
  readonly object: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

const NAMESPACE = 'product';
const BACK_OFF = { minMs: 20, maxMs: 100 };
const IP_POOL = 'ovn.kubernetes.io/ip_pool';

/** Everything that one test needs; `await using` ends it all. */
export class Fixture implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly server: KubernetesApiServer;
  readonly cluster: SimulatedCluster;
  /** The test's own view of the database. */
  readonly nb: NorthboundClient;
  readonly log: string[] = [];
  readonly #running: { readonly controller: Controller; readonly nb: NorthboundClient; readonly api: KubeApi }[] = [];

  private constructor(sandbox: Sandbox, server: KubernetesApiServer, nb: NorthboundClient, kubelet: KubeletOptions) {
    this.sandbox = sandbox;
    this.server = server;
    this.nb = nb;
    this.cluster = new SimulatedCluster(server.objects, kubelet);
  }

  /** With the logical switch and the namespace `product`, 10.16.0.0/24. */
  static async start({ ssl = false, ...kubelet }: KubeletOptions & { readonly ssl?: boolean } = {}): Promise<Fixture> {
    const [sandbox, server] = await Promise.all([
      Sandbox.start({ ssl }),
      KubernetesApiServer.start({ tls: true, rules: clusterRoleRules() }),
    ]);
    const nb = await connectNorthbound({ remotes: sandbox.remote, backoff: BACK_OFF, onWarning: () => undefined });
    const fixture = new Fixture(sandbox, server, nb, kubelet);
    await nb.transact((tx) => lsAdd(tx, NAMESPACE, { columns: { other_config: { subnet: '10.16.0.0/24' } } }));
    fixture.addNamespace(NAMESPACE, { 'ovn.kubernetes.io/logical_switch': NAMESPACE });
    return fixture;
  }

  /** A controller with short waits, started. */
  async controller(options: Partial<ControllerOptions> = {}): Promise<Controller> {
    const config = new KubeConfig();
    config.loadFromString(this.server.kubeconfig());
    const api = new KubeApi(config, { timeoutMs: 2_000 });
    const nb = await connectNorthbound({
      remotes: this.sandbox.remote,
      backoff: BACK_OFF,
      onWarning: () => undefined,
    });
    const controller = new Controller({
      api,
      nb,
      log: (level, message, fields) => this.log.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
      workBackOff: { minMs: 20, maxMs: 300 },
      watchBackOff: { minMs: 10, maxMs: 100 },
      ...options,
    });
    this.#running.push({ controller, nb, api });
    await controller.start();
    return controller;
  }

  /** Stops one controller, or all, as SIGTERM would. */
  async stopController(which?: Controller): Promise<void> {
    for (const entry of this.#running.filter(({ controller }) => which === undefined || controller === which)) {
      await entry.controller.stop(2_000);
      entry.nb.close();
      entry.api.close();
      this.#running.splice(this.#running.indexOf(entry), 1);
    }
  }

  addNamespace(name: string, annotations: Readonly<Record<string, string>>): void {
    this.server.objects.create('namespaces', '', { metadata: { name, annotations: { ...annotations } } });
  }

  annotateNamespace(name: string, annotations: Readonly<Record<string, string>>): void {
    this.server.objects.update('namespaces', '', name, (copy) => {
      copy.metadata.annotations = { ...copy.metadata.annotations, ...annotations };
      return copy;
    });
  }

  /** Makes a StatefulSet in `product`; with `pool` as its ip_pool, all pods at once. */
  addSet(
    name: string,
    settings: StatefulSetSettings & { readonly pool?: string; readonly namespace?: string } = {},
  ): KubeObject {
    const { pool, namespace = NAMESPACE, ...rest } = settings;
    const annotations = { ...rest.annotations, ...(pool !== undefined && { [IP_POOL]: pool }) };
    const spec = { podManagementPolicy: 'Parallel', ...rest.spec };
    return this.server.objects.create(
      'statefulsets',
      namespace,
      statefulSetManifest(name, { ...rest, annotations, spec }),
    );
  }

  /** Changes the spec of a StatefulSet. */
  changeSet(name: string, change: (spec: ChangeableSpec, set: KubeObject) => void): void {
    this.server.objects.update('statefulsets', NAMESPACE, name, (copy) => {
      change(copy['spec'] as ChangeableSpec, copy);
      return copy;
    });
  }

  scale(name: string, replicas: number): void {
    this.changeSet(name, (spec) => (spec.replicas = replicas));
  }

  editPool(name: string, pool: string): void {
    this.changeSet(name, (spec) => (spec.template.metadata.annotations[IP_POOL] = pool));
  }

  deleteSet(name: string): void {
    this.server.objects.delete('statefulsets', NAMESPACE, name);
  }

  /** Deletes a pod as `kubectl delete pod` does; the simulated StatefulSet controller makes it again. */
  deletePod(name: string): void {
    this.server.objects.delete('pods', NAMESPACE, name);
  }

  pod(name: string): KubeObject | undefined {
    return this.server.objects.store.read({ resource: 'pods', namespace: NAMESPACE, name });
  }

  pods(): readonly KubeObject[] {
    return this.server.objects.store.scan('pods', NAMESPACE);
  }

  annotations(pod: string): Readonly<Record<string, string>> {
    return this.pod(pod)?.metadata.annotations ?? {};
  }

  /** The addresses that the pods were told, by pod. */
  told(): Readonly<Record<string, string | undefined>> {
    const pods = this.pods().map(({ metadata }) => metadata);
    return Object.fromEntries(
      pods.map(({ name, annotations }) => [name, annotations?.['ovn.kubernetes.io/ip_address']]),
    );
  }

  /** The `addresses` of the ports, by name. */
  ports(): Readonly<Record<string, string>> {
    const rows = [...this.nb.tables.Logical_Switch_Port].sort((a, b) => a.name.localeCompare(b.name));
    return Object.fromEntries(rows.map(({ name, addresses }) => [name, addresses.join(' / ')]));
  }

  /** The IP addresses of the ports, by name. */
  ips(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(this.ports()).map(([name, text]) => [name, text.split(' ')[1] ?? '']));
  }

  events(): readonly SeenEvent[] {
    return this.server.objects.store.scan('events').map((event) => {
      const { kind, name } = event['involvedObject'] as { kind: string; name: string };
      const { reason, message, count } = event as unknown as { reason: string; message: string; count: number };
      return { object: `${kind}/${name}`, reason, message, count };
    });
  }

  /** Moves the simulated cluster on until a condition holds; what throws does not hold yet. */
  async until(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      await this.cluster.step();
      if (condition()) return;
      if (Date.now() > deadline) {
        const state = JSON.stringify({ told: this.told(), ports: this.ports(), events: this.events() }, null, 1);
        throw new Error(`it did not come to this: ${what}\n${state}\n${this.log.slice(-30).join('\n')}`);
      }
      await sleep(5);
    }
  }

  /** Until the pods were told these addresses, and there are no other pods. */
  async untilTold(expected: Readonly<Record<string, string | undefined>>): Promise<void> {
    const text = JSON.stringify(expected);
    await this.until(`the pods were told ${text}`, () => JSON.stringify(this.told()) === text);
  }

  /** Until neither the API server nor the database was written to for a while. */
  async untilQuiet(ms = 150): Promise<void> {
    let last = '';
    let since = Date.now();
    await this.until('nothing is written any more', () => {
      const now = `${this.server.resourceVersion} ${JSON.stringify(this.ports())}`;
      if (now !== last) since = Date.now();
      last = now;
      return Date.now() - since > ms;
    });
  }

  /** What the running controllers have sent to the database so far. */
  bytesSent(): number {
    return this.#running.reduce((sum, { nb }) => sum + nb.metrics().traffic.bytesSent, 0);
  }

  /** Changes of rows in the database that the test has seen so far. */
  rowChanges(): number {
    const { inserts, updates, deletes } = this.nb.metrics().replica;
    return inserts + updates + deletes;
  }

  /** Requests of a method, such as PATCH, since the first `from`. */
  requests(method: string, from = 0): number {
    return this.server.requests.slice(from).filter((request) => request.method === method).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopController();
    this.nb.close();
    await Promise.all([this.server.close(), this.sandbox.stop()]);
  }
}

/** The part of a StatefulSet's spec that tests change. */
export interface ChangeableSpec {
  replicas: number;
  template: {
    metadata: { annotations: Record<string, string> };
    spec: { containers: { image: string }[] };
  };
}
