import type { ClusterAccess } from '../../../src/backends/kubernetes/access.ts'
import {
  createKubernetesClient,
  type KubernetesClient,
  type KubernetesClientOptions,
} from '../../../src/backends/kubernetes/client.ts'
import { systemClock } from '../../../src/kernel/clock/system.ts'
import type { ApiServer } from './server.ts'

/** The way to a fake with a token. */
export function accessTo(api: ApiServer, token = api.adminToken): ClusterAccess {
  const tls = { ca: api.ca }
  return {
    url: api.url,
    namespace: 'default',
    origin: 'a test',
    tls: async () => tls,
    authorization: async () => `Bearer ${token}`,
    forget: () => {},
  }
}

/** Our own client, on real sockets. */
export function clientOf(
  api: ApiServer,
  token?: string,
  options: Partial<KubernetesClientOptions> = {},
): KubernetesClient {
  return createKubernetesClient({ access: accessTo(api, token), clock: systemClock(), ...options })
}
