/** Rules of a Role or ClusterRole, as `rbac.authorization.k8s.io/v1` evaluates them: what no rule allows is forbidden. */
import type { RequestAttributes } from './request-info.js';

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** `pods`, `pods/status`, `pods/*` has no meaning, `*` is all with their subresources. */
  readonly resources?: readonly string[];
  /** Only these objects; `list`, `watch` and `create` name none and so do not match. */
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** What everybody may read: `system:public-info-viewer` and `system:discovery`. */
const PUBLIC_PATHS = [
  ...['/healthz', '/livez', '/readyz', '/version', '/version/'],
  ...['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'],
];

export function allows(rules: readonly PolicyRule[], request: RequestAttributes): boolean {
  return rules.some((rule) => (request.isResourceRequest ? coversResource(rule, request) : coversPath(rule, request)));
}

export function isPublic(request: RequestAttributes): boolean {
  return coversPath({ verbs: ['get'], nonResourceURLs: PUBLIC_PATHS }, request);
}

function coversResource(rule: PolicyRule, request: RequestAttributes): boolean {
  const { verbs, apiGroups = [], resources = [], resourceNames = [] } = rule;
  const { subresource } = request;
  const resource = subresource === '' ? request.resource : `${request.resource}/${subresource}`;
  return (
    has(verbs, request.verb) &&
    has(apiGroups, request.group) &&
    (has(resources, resource) || (subresource !== '' && resources.includes(`*/${subresource}`))) &&
    (resourceNames.length === 0 || (request.name !== '' && resourceNames.includes(request.name)))
  );
}

function coversPath(
  { verbs, nonResourceURLs = [] }: PolicyRule,
  { isResourceRequest, verb, path }: RequestAttributes,
): boolean {
  if (isResourceRequest || !has(verbs, verb)) return false;
  return nonResourceURLs.some((url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))));
}

function has(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}
