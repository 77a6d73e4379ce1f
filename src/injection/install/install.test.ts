import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import packageFile from '../../../package.json' with { type: 'json' }
import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { containersOf } from '../../manifests/workload.ts'
import { installObjects, manifestText } from './install.ts'
import { DEFAULT_INSTALL, type InstallOptions } from './options.ts'

const base: InstallOptions = {
  ...DEFAULT_INSTALL,
  image: `outrigger/outrigger:${packageFile.version}`,
  required: [],
}

function objectsOf(more: Partial<InstallOptions> = {}): JsonObject[] {
  return installObjects({ ...base, ...more })
}

function only(objects: readonly JsonObject[], kind: string): JsonObject {
  const found = objects.filter(object => object['kind'] === kind)
  assert.equal(found.length, 1, kind)
  return found[0]!
}

interface Webhook {
  readonly name: string
  readonly failurePolicy: string
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[]
  readonly [more: string]: Json
}

function webhooksOf(objects: readonly JsonObject[]): Webhook[] {
  return objects
    .filter(({ kind }) => String(kind).endsWith('WebhookConfiguration'))
    .flatMap(object => object['webhooks'] as unknown as Webhook[])
}

describe('the manifests that outrigger install prints', () => {
  it('are those in deploy/manifests', async () => {
    const golden = await readFile(
      join(import.meta.dirname, '../../../deploy/manifests/outrigger.yaml'),
      'utf8',
    )
    assert.equal(
      manifestText(objectsOf()),
      golden,
      'node bin/outrigger.js install > deploy/manifests/outrigger.yaml writes them anew',
    )
  })

  it('read back as what they were made from', () => {
    const objects = objectsOf({ required: ['vault'], networkPolicy: true })
    assert.deepEqual(
      parseAllDocuments(manifestText(objects)).map(document => document.toJS()),
      JSON.parse(JSON.stringify(objects)),
    )
  })

  const variants: readonly (readonly [string, Partial<InstallOptions>])[] = [
    ['as they come', {}],
    ['with cert-manager', { certificates: { kind: 'cert-manager' } }],
    ['with files', { certificates: { kind: 'files', secret: 'tls', authority: 'PEM' } }],
    [
      'with everything',
      {
        required: ['vault'],
        networkPolicy: true,
        mesh: 'example.org',
        evict: true,
        failClosed: true,
        warnAll: true,
        adopt: true,
        catalogue: [{ name: 'a.yaml', text: 'a' }],
      },
    ],
  ]
  for (const [what, options] of variants) {
    it(`${what}: nothing but pods that ask, and never those of the cluster or the controller, wait for a webhook`, () => {
      const webhooks = webhooksOf(objectsOf(options))
      for (const webhook of webhooks) {
        const [spared] = at(webhook as JsonObject, ['namespaceSelector', 'matchExpressions']) as JsonObject[]
        assert.deepEqual(spared, {
          key: 'kubernetes.io/metadata.name',
          operator: 'NotIn',
          values: ['kube-system', 'outrigger-system'],
        })
        assert.equal(webhook['sideEffects'], 'None')
        assert.ok(webhook.name.split('.').length >= 3)
        assert.ok(Number(webhook['timeoutSeconds']) <= 3)
        const asks = webhook.matchConditions.some(({ expression }) =>
          expression.includes("'outrigger.dev/inject'"),
        )
        if (webhook.failurePolicy === 'Fail') assert.ok(asks, webhook.name)
        for (const { expression } of webhook.matchConditions)
          assert.equal(balanced(expression), true, expression)
      }
      assert.equal(new Set(webhooks.map(({ name }) => name)).size, webhooks.length)
    })

    it(`${what}: the controller is restricted and bounded, in a namespace that takes nothing else`, () => {
      const objects = objectsOf(options)
      const template = at(only(objects, 'Deployment'), ['spec', 'template']) as JsonObject
      const labels = at(only(objects, 'Namespace'), ['metadata', 'labels']) as JsonObject
      assert.equal(labels['pod-security.kubernetes.io/enforce'], 'restricted')
      for (const { container } of containersOf(template)) {
        const context = container['securityContext'] as JsonObject
        assert.equal(context['allowPrivilegeEscalation'], false)
        assert.equal(context['runAsNonRoot'], true)
        assert.deepEqual(at(context, ['capabilities', 'drop']), ['ALL'])
        assert.deepEqual(at(context, ['seccompProfile', 'type']), 'RuntimeDefault')
        assert.deepEqual(Object.keys(container['resources'] as JsonObject), ['requests', 'limits'])
      }
      const mounted = (at(template, ['spec', 'volumes']) as JsonObject[]).map(({ name }) => name)
      const mounts = containersOf(template).flatMap(
        ({ container }) => container['volumeMounts'] as JsonObject[],
      )
      assert.deepEqual(mounts.map(({ name }) => name).sort(), mounted.sort())
    })

    it(`${what}: may do no more than it needs`, () => {
      const objects = objectsOf(options)
      const rules = ['ClusterRole', 'Role'].flatMap(kind => only(objects, kind)['rules'] as JsonObject[])
      for (const rule of rules)
        for (const values of Object.values(rule)) assert.ok(!(values as string[]).includes('*'))
      const text = JSON.stringify(rules)
      assert.equal(text.includes('pods/eviction'), options.evict === true)
      assert.equal(text.includes('secrets'), (options.certificates?.kind ?? 'self') === 'self')
      assert.equal(text.includes('webhookconfigurations'), (options.certificates?.kind ?? 'self') === 'self')
    })
  }

  it('fail closed only for pods that ask for something required', () => {
    const policies = (options: Partial<InstallOptions>) =>
      Object.fromEntries(
        webhooksOf(objectsOf(options)).map(({ name, failurePolicy }) => [name, failurePolicy]),
      )
    assert.deepEqual(policies({}), {
      'optional.pods.outrigger.dev': 'Ignore',
      'optional.namespaces.outrigger.dev': 'Ignore',
      'required.namespaces.outrigger.dev': 'Fail',
      'workloads.check.outrigger.dev': 'Ignore',
    })
    assert.deepEqual(policies({ required: ['vault'] }), {
      'optional.pods.outrigger.dev': 'Ignore',
      'required.pods.outrigger.dev': 'Fail',
      'optional.namespaces.outrigger.dev': 'Ignore',
      'required.namespaces.outrigger.dev': 'Fail',
      'workloads.check.outrigger.dev': 'Ignore',
      'required.check.outrigger.dev': 'Fail',
    })
    assert.equal(policies({ failClosed: true })['optional.pods.outrigger.dev'], 'Fail')
  })

  it('put the authority into each webhook when files are given, and ask cert-manager for it otherwise', () => {
    const files = webhooksOf(objectsOf({ certificates: { kind: 'files', secret: 'tls', authority: 'PEM' } }))
    for (const webhook of files)
      assert.equal(
        at(webhook as JsonObject, ['clientConfig', 'caBundle']),
        Buffer.from('PEM').toString('base64'),
      )
    const managed = objectsOf({ certificates: { kind: 'cert-manager', issuer: 'ours' } })
    assert.equal(managed.filter(({ kind }) => kind === 'Issuer').length, 0)
    assert.deepEqual(at(only(managed, 'Certificate'), ['spec', 'issuerRef', 'name']), 'ours')
    for (const object of managed.filter(({ kind }) => String(kind).endsWith('WebhookConfiguration')))
      assert.ok(isObject(at(object, ['metadata', 'annotations'])))
  })
})

/** Parentheses and quotes of an expression: what an API server would refuse first. */
function balanced(expression: string): boolean {
  const bare = expression.replace(/r?'[^']*'/g, '')
  let depth = 0
  for (const character of bare) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (depth < 0) return false
  }
  return depth === 0 && !bare.includes("'")
}
