/** A kubeconfig for one server, one user with a bearer token, and one context. */
import { stringify } from 'yaml';

export interface KubeconfigTarget {
  readonly server: string;
  readonly token: string;
  /** PEM of the CA that signed the server's certificate; undefined for plain HTTP. */
  readonly ca: Buffer | undefined;
}

/** YAML, as for `KUBECONFIG` or a client's `loadFromString`. */
export function kubeconfigText({ server, token, ca }: KubeconfigTarget): string {
  // Clients that mean to speak TLS take a plain address only from one who says that nothing is verified.
  const authority =
    ca === undefined ? { 'insecure-skip-tls-verify': true } : { 'certificate-authority-data': ca.toString('base64') };
  return stringify({
    ...{ apiVersion: 'v1', kind: 'Config', preferences: {} },
    clusters: [{ name: 'test', cluster: { server, ...authority } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
    'current-context': 'test',
  });
}
