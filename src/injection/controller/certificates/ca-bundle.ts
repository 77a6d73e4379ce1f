import type { KubernetesObject } from '../../../backends/kubernetes/resources.ts'
import { certificatesOf } from './authority-state.ts'

/** One webhook of a configuration, as far as its trust matters. */
export interface WebhookTrust {
  readonly name: string
  /** `service.namespace.svc`; '' for a URL. */
  readonly host: string
  /** PEM certificates. */
  readonly trusted: readonly string[]
}

/** A webhook configuration with the version that it was read in. */
export interface ConfigurationTrust {
  readonly resourceVersion: string
  readonly webhooks: readonly WebhookTrust[]
}

interface RawWebhook {
  readonly name?: string
  readonly clientConfig?: {
    readonly caBundle?: string
    readonly service?: { readonly name?: string; readonly namespace?: string }
  }
}

/** What is kept of a MutatingWebhookConfiguration or ValidatingWebhookConfiguration. */
export function trustOf({ metadata, webhooks = [] }: KubernetesObject): ConfigurationTrust {
  return {
    resourceVersion: metadata?.resourceVersion ?? '',
    webhooks: (webhooks as readonly RawWebhook[]).map(({ name = '', clientConfig = {} }) => {
      const { service, caBundle = '' } = clientConfig
      return {
        name,
        host: service === undefined ? '' : `${service.name}.${service.namespace}.svc`,
        trusted: certificatesOf(Buffer.from(caBundle, 'base64').toString('utf8')),
      }
    }),
  }
}

/**
 * The strategic patch after which all webhooks of ours trust exactly these; undefined when they do. Webhooks are found
 * by name, never by place, and only in the version that was looked at. Those that lead elsewhere are left alone.
 */
export function trustPatch(
  { resourceVersion, webhooks }: ConfigurationTrust,
  hosts: readonly string[],
  trusted: readonly string[],
): object | undefined {
  const wrong = webhooks.filter(({ host, trusted: has }) => hosts.includes(host) && !same(has, trusted))
  if (wrong.length === 0) return undefined
  const caBundle = Buffer.from(trusted.join('')).toString('base64')
  return {
    metadata: { resourceVersion },
    webhooks: wrong.map(({ name }) => ({ name, clientConfig: { caBundle } })),
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at])
}
