import type { ApiServer } from './server.ts'

/** What tells kubectl of the server: everything may be done. */
export function kubeconfig({ url, ca, adminToken }: ApiServer): string {
  const named = { name: 'test' }
  const cluster = { server: url.origin, 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ ...named, context: { cluster: 'test', user: 'test' } }],
    clusters: [{ ...named, cluster }],
    users: [{ ...named, user: { token: adminToken } }],
  })
}
