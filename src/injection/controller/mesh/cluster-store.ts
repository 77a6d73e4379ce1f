import type { KubernetesClient } from '../../../backends/kubernetes/client.ts'
import { KubernetesError } from '../../../backends/kubernetes/error.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import { isObject, type Json } from '../../../manifests/json.ts'
import type { AuthorityStore } from './stored-authority.ts'

/** The authority in a Secret of type kubernetes.io/tls, so that one that was made elsewhere may be put there. */
export function secretStore(
  client: KubernetesClient,
  place: { readonly namespace: string; readonly name: string },
): AuthorityStore {
  const { namespace, name } = place
  return {
    async read() {
      const secret = await client.find(RESOURCES.secrets, place)
      if (secret === undefined) return undefined
      const data = secret['data'] as Json | undefined
      const text = (key: string): string => {
        const value = isObject(data) ? data[key] : undefined
        if (typeof value !== 'string')
          throw new Error(`the Secret ${namespace}/${name} has no ${key}; expected tls.crt and tls.key`)
        return Buffer.from(value, 'base64').toString()
      }
      return { certificate: text('tls.crt'), key: text('tls.key') }
    },
    async create({ certificate, key }) {
      const data = {
        'tls.crt': Buffer.from(certificate).toString('base64'),
        'tls.key': Buffer.from(key).toString('base64'),
      }
      try {
        const metadata = { namespace, name, labels: { 'app.kubernetes.io/part-of': 'outrigger' } }
        await client.create(RESOURCES.secrets, {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'kubernetes.io/tls',
          metadata,
          data,
        })
        return true
      } catch (error) {
        if (error instanceof KubernetesError && error.reason === 'AlreadyExists') return false
        throw error
      }
    },
  }
}
