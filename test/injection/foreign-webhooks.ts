// What other webhooks do to a pod before, after or between two looks of ours.
import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/manifests/json.ts'

export interface ForeignWebhook {
  readonly name: string
  readonly mutate: (template: JsonObject) => JsonObject
}

type Editable = { [key: string]: Json }

const WEBHOOKS: readonly ForeignWebhook[] = [
  webhook('adds a container to the end', spec => {
    spec['containers'] = [...items(spec['containers']), { name: 'zz-mesh', image: 'mesh:1' }]
  }),
  webhook('puts a container first', spec => {
    spec['containers'] = [{ name: 'zz-first', image: 'first:1' }, ...items(spec['containers'])]
  }),
  webhook('adds an init container to the end', spec => {
    spec['initContainers'] = [...items(spec['initContainers']), { name: 'zz-setup', image: 'setup:1' }]
  }),
  webhook('puts a native sidecar first', spec => {
    const sidecar = { name: 'zz-vpn', image: 'vpn:1', restartPolicy: 'Always' }
    spec['initContainers'] = [sidecar, ...items(spec['initContainers'])]
  }),
  webhook('adds a volume and mounts it everywhere', spec => {
    spec['volumes'] = [...items(spec['volumes']), { name: 'zz-cloud', projected: { sources: [] } }]
    each(spec, container => {
      const mount = { name: 'zz-cloud', mountPath: '/var/run/secrets/zz-cloud' }
      container['volumeMounts'] = [...items(container['volumeMounts']), mount]
    })
  }),
  webhook('sets a variable in every container', spec =>
    each(spec, container => {
      container['env'] = [{ name: 'ZZ_REGION', value: 'north' }, ...items(container['env'])]
    }),
  ),
  webhook('takes images from a mirror', spec =>
    each(spec, container => {
      if (typeof container['image'] === 'string') container['image'] = `mirror.example/${container['image']}`
    }),
  ),
  webhook('writes defaults as an API server does', spec =>
    each(spec, container => {
      container['terminationMessagePath'] = '/dev/termination-log'
      container['terminationMessagePolicy'] = 'File'
      container['imagePullPolicy'] ??= 'IfNotPresent'
    }),
  ),
  {
    name: 'annotates and labels the pod',
    mutate: template => {
      const metadata = mapping(template['metadata'])
      return {
        ...template,
        metadata: {
          ...metadata,
          annotations: { ...mapping(metadata['annotations']), 'zz.io/seen': 'yes' },
          labels: { ...mapping(metadata['labels']), 'zz.io/mesh': 'on' },
        },
      }
    },
  },
]

/** Some of them, in some order, each once. */
export const foreignWebhooks = fc.shuffledSubarray([...WEBHOOKS])

export function mutateAll(template: JsonObject, webhooks: readonly ForeignWebhook[]): JsonObject {
  return webhooks.reduce((value, { mutate }) => mutate(value), template)
}

function webhook(name: string, edit: (spec: Editable) => void): ForeignWebhook {
  return {
    name,
    mutate: template => {
      const copy = structuredClone(template) as Editable
      edit(copy['spec'] as Editable)
      return copy
    },
  }
}

function each(spec: Editable, edit: (container: Editable) => void): void {
  for (const list of ['initContainers', 'containers'] as const)
    for (const container of items(spec[list])) edit(container as Editable)
}

function items(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function mapping(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}
