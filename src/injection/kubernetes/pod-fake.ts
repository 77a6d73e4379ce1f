// Pods for the tests of injection, and what is in them.
import assert from 'node:assert/strict'
import { sidecars } from '../../../test/injection/sidecars.ts'
import { at, type Json, type JsonObject } from '../../manifests/json.ts'
import { applyPatch } from '../../wire/json-patch/patch.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { inject } from './inject.ts'
import type { InjectionContext } from './injection.ts'

/** A cluster without native sidecars. */
export const OLD: InjectionContext = { kubernetes: { major: 1, minor: 28 } }

export function pod(annotations: JsonObject, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  const app = { name: 'web', image: 'web:1', ports: [{ containerPort: 8080 }] }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', ...metadata, annotations },
    spec: { containers: [app], ...spec },
  }
}

export function asking(inject: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return pod({ 'outrigger.dev/inject': inject }, spec, metadata)
}

export function injected(
  document: Json,
  context: InjectionContext = {},
  catalogue: Catalogue = sidecars,
): Json {
  const result = inject(document, catalogue, context)
  assert.equal(result.status[0]?.outcome, 'injected', JSON.stringify(result.findings))
  return applyPatch(document, result.patch) as Json
}

export function names(document: Json, list: string): unknown[] {
  const items = at(document, ['spec', list])
  return Array.isArray(items) ? items.map(item => (item as JsonObject)['name']) : []
}
