import type { TokenGrants } from '../../../authority/grant.ts'
import { reviewed } from '../../../authority/token-review.ts'
import type { KubernetesClient } from '../../../backends/kubernetes/client.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'

/** Asks the API server whose token it is (TokenReview): that of a service account grants its identity. */
export function clusterGrants(
  client: KubernetesClient,
  { audience, trustDomain }: { readonly audience: string; readonly trustDomain: string },
): TokenGrants {
  return {
    async grantOf(token) {
      const { status } = await client.create(RESOURCES.tokenReviews, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      })
      const identity = reviewed(status, audience, trustDomain)
      return identity && { identity, dnsNames: [] }
    },
  }
}
