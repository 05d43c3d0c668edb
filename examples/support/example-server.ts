/** Where the examples work: on the northbound database that OVN_NB_REMOTE names, or else on a private one. */
import { Sandbox } from 'ovn-northbound/testing';

export interface ExampleServer extends AsyncDisposable {
  readonly remote: string;
}

export async function exampleServer(): Promise<ExampleServer> {
  const remote = process.env['OVN_NB_REMOTE'];
  if (remote === undefined || remote === '') return Sandbox.start();
  return { remote, [Symbol.asyncDispose]: () => Promise.resolve() };
}
