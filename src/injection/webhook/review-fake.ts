import type { JsonObject } from '../../manifests/json.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Entry } from '../catalogue/entry.ts'
import type { ValidationKnowledge } from './validation.ts'

/** For tests: an entry that adds nothing but a container of its name. */
export function fakeEntry(name: string, more: Partial<Entry> = {}): Entry {
  return {
    ...{
      name,
      version: '1.0.0',
      hash: `sha256:${name}`,
      purpose: 'for tests',
      owner: 'tests',
      required: false,
    },
    ...{ order: 50, requires: [], conflicts: [], replaces: [], aliases: {}, parameters: {} },
    ...{ containers: [], initContainers: [], volumes: [], shared: [], files: [], application: [] },
    ...{ pod: {}, waivers: [] },
    ...more,
  }
}

export function fakeCatalogue(...entries: readonly Entry[]): Catalogue {
  return {
    entries,
    find: name => {
      const entry = entries.find(each => each.name === name || Object.hasOwn(each.aliases, name))
      return entry === undefined
        ? { ok: false, message: `there is no sidecar "${name}"` }
        : { ok: true, entry, set: {} }
    },
  }
}

/** A review of a pod as an API server writes it. */
export function reviewOf(object: JsonObject, more: object = {}): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'b8c1',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'CREATE',
      namespace: 'shop',
      userInfo: { username: 'alice' },
      dryRun: false,
      object,
      ...more,
    },
  }
}

export function podOf(annotations: Record<string, string> = {}, more: object = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'web-', annotations },
    spec: { containers: [{ name: 'app', image: 'app:1' }] },
    ...more,
  }
}

/** Knowledge with an injector that says the same of every pod. */
export function knowledgeOf(
  outcome: 'injected' | 'unchanged' | 'skipped' | 'failed',
  more: Partial<ValidationKnowledge & { readonly reason: string }> = {},
): ValidationKnowledge & { readonly version: string } {
  const { reason } = more
  return {
    version: 'test',
    catalogue: fakeCatalogue(
      fakeEntry('logs'),
      fakeEntry('vault', { required: true, aliases: { secrets: { about: '', set: {} } } }),
    ),
    context: {},
    namespace: () => undefined,
    onFailure: 'allow',
    inject: () => ({
      patch: outcome === 'injected' ? [{ op: 'add', path: '/spec/initContainers', value: [] }] : [],
      findings:
        reason === undefined
          ? []
          : [{ code: reason, severity: 'error', path: [], message: 'it does not go', hint: 'mend it' }],
      status: [
        {
          path: [],
          workload: { kind: 'Pod', name: '' },
          outcome,
          ...(reason !== undefined && { reason: reason as 'not_asked' }),
        },
      ],
    }),
    lint: () => [],
    present: () => new Set(),
    ...more,
  }
}
