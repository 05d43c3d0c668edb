/** The process: reads the command line, connects, runs the controller until it is told to stop. */
import { setTimeout as sleep } from 'node:timers/promises';

import { KubeConfig } from '@kubernetes/client-node';
import { connectNorthbound, InvalidArgumentError, InvalidRemoteError, type NorthboundClient } from 'ovn-northbound';

import { Controller } from './controller.js';
import { isAborted } from './deadline.js';
import { HealthServer } from './health.js';
import { KubeApi } from './kube-api.js';
import { explain, jsonLog, type Log } from './log.js';
import { metricsPage } from './metrics.js';
import { readOptions, USAGE, UsageError, type Options } from './options.js';

/** Time for work under way to end by itself, in milliseconds; the Deployment gives the whole process 30 seconds. */
const GRACE_MS = 5_000;
/** Time for the first connection; then it is told that there is none yet, and tried again. */
const CONNECT_MS = 30_000;
const CONNECT_AGAIN_MS = 1_000;

/** What runs so far, for those who ask. */
interface Parts {
  nb: NorthboundClient | undefined;
  controller: Controller | undefined;
}

async function run(options: Options, log: Log, stop: AbortSignal): Promise<void> {
  const parts: Parts = { nb: undefined, controller: undefined };
  await using health = options.listen && (await HealthServer.start(options.listen, healthSource(parts)));
  if (health !== undefined) log('info', `health and metrics are at ${health.url}`);
  const api = new KubeApi(kubeConfig(options));
  const nb = await connect(options, log, stop);
  if (nb === undefined) return;
  parts.nb = nb;
  nb.on('state', (state) => {
    if (state.name === 'backoff')
      log('warn', 'the northbound database is not reached', { error: explain(state.error) });
    else log(state.name === 'synced' ? 'info' : 'debug', `the northbound database: ${state.name}`);
  });
  const controller = new Controller({
    api,
    nb,
    log,
    rules: {
      onScaleDown: options.onScaleDown,
      onRecreate: options.onRecreate,
      onDrift: options.onDrift,
      pick: options.pick,
      portSecurity: options.portSecurity,
      timeoutMs: options.nbTimeoutMs,
      vendor: options.vendor,
    },
    onDelete: options.onDelete,
    defaultSwitch: options.defaultSwitch,
    workers: options.workers,
    resyncMs: options.resyncMs,
  });
  parts.controller = controller;
  const starting = controller.start();
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  log('info', 'stopping');
  await controller.stop(GRACE_MS);
  await starting;
  nb.close();
  api.close();
}

/** Connects, however long it takes; undefined when told to stop before. Rejects for remotes that can never be reached. */
async function connect(options: Options, log: Log, stop: AbortSignal): Promise<NorthboundClient | undefined> {
  while (!stop.aborted) {
    try {
      return await connectNorthbound({
        remotes: options.nbRemote,
        ...(options.nbTls !== undefined && { tls: options.nbTls }),
        readyTimeoutMs: CONNECT_MS,
        signal: stop,
        onWarning: (warning) => log('warn', warning.message, { code: warning.code }),
      });
    } catch (error) {
      if (error instanceof InvalidRemoteError || error instanceof InvalidArgumentError) throw error;
      if (!isAborted(stop)) log('warn', 'the northbound database is not reached yet', { error: explain(error) });
      await sleep(CONNECT_AGAIN_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return undefined;
}

function kubeConfig({ kubeconfig, context }: Options): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  if (context !== undefined) {
    if (config.getContextObject(context) === null) throw new UsageError(`the kubeconfig has no context "${context}"`);
    config.setCurrentContext(context);
  }
  return config;
}

function healthSource(parts: Parts): Parameters<typeof HealthServer.start>[1] {
  return {
    notReady: () => {
      if (parts.controller !== undefined) return parts.controller.notReady;
      return 'waiting for the northbound database';
    },
    metrics: () => metricsPage(parts.controller?.metrics, parts.nb),
  };
}

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`Error: ${error.message}\n"--help" lists the options.\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const log = jsonLog(options.logLevel, (line) => process.stdout.write(line));
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => stop.abort(new Error(`${name} was received`)));
  }
  try {
    await run(options, log, stop.signal);
    return 0;
  } catch (error) {
    log('error', 'the controller failed', {
      error: explain(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
