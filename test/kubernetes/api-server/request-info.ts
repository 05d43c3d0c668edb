/** What a request is about, read from its method and path as the API server reads it. */

/** What authorization decides on. Also what a test asserts on. */
export interface RequestAttributes {
  readonly verb: string;
  /** False for `/healthz`, discovery and the like, which have only a verb and a path. */
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for all namespaces and for objects of the cluster. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

export function requestAttributes(method: string, url: URL): RequestAttributes {
  const path = url.pathname;
  const none = { path, group: '', version: '', resource: '', subresource: '', namespace: '', name: '' };
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const isCore = parts[0] === 'api' && parts.length >= 3;
  const isGroup = parts[0] === 'apis' && parts.length >= 4;
  if (!isCore && !isGroup) return { ...none, verb: method.toLowerCase(), isResourceRequest: false };
  const group = isCore ? '' : (parts[1] ?? '');
  const version = (isCore ? parts[1] : parts[2]) ?? '';
  const rest = parts.slice(isCore ? 2 : 3);
  const scoped = rest[0] === 'namespaces' && rest.length >= 3 && !isNamespaceSubresource(rest);
  const namespace = scoped ? (rest[1] ?? '') : '';
  const [resource = '', name = '', subresource = ''] = scoped ? rest.slice(2) : rest;
  const verb = verbOf(method, name, url.searchParams.get('watch'));
  return { ...none, verb, isResourceRequest: true, group, version, resource, subresource, namespace, name };
}

/** `namespaces/x/status` is about the namespace itself, not about a resource called "status" in it. */
function isNamespaceSubresource(rest: readonly string[]): boolean {
  return rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize');
}

function verbOf(method: string, name: string, watch: string | null): string {
  if (method === 'GET' || method === 'HEAD') {
    if (watch === 'true' || watch === '1') return 'watch';
    return name === '' ? 'list' : 'get';
  }
  const verb = VERBS[method] ?? method.toLowerCase();
  return verb === 'delete' && name === '' ? 'deletecollection' : verb;
}
