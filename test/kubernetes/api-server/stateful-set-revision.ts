/** Revisions of a StatefulSet's pod template, which the real controller keeps as ControllerRevision objects. */
import { createHash } from 'node:crypto';

import type { JsonObject, KubeObject } from './objects.js';
import { isJsonObject, jsonObject } from './objects.js';

export class RevisionHistory {
  /** By the set's uid, then by the revision's name. */
  readonly #templates = new Map<string, Map<string, JsonObject>>();

  /** Notes the set's present template and returns its revision's name, `<set>-<hash>`. */
  note(set: KubeObject): string {
    const template = jsonObject(jsonObject(set['spec'])['template']);
    const hash = createHash('sha256').update(canonical(template)).digest('hex').slice(0, 10);
    const name = `${set.metadata.name}-${hash}`;
    const known = this.#templates.get(set.metadata.uid) ?? new Map<string, JsonObject>();
    this.#templates.set(set.metadata.uid, known.set(name, template));
    return name;
  }

  /** The template of a revision, or the present one where the revision was never seen. */
  templateOf(set: KubeObject, revision: string): JsonObject {
    const present = jsonObject(jsonObject(set['spec'])['template']);
    return this.#templates.get(set.metadata.uid)?.get(revision) ?? present;
  }
}

/** JSON with its keys in order, so that equal templates have equal hashes. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value ?? null);
  const fields = Object.keys(value).sort();
  return `{${fields.map((field) => `${JSON.stringify(field)}:${canonical(value[field])}`).join(',')}}`;
}
