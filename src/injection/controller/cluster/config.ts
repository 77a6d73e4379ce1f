import { type Infer, s } from '../../../kernel/config/schema.ts'

export const clusterConfig = s.object(
  {
    serviceAccount: s.string({
      about: 'The folder with the token, the authority and the namespace of the service account.',
      default: '/var/run/secrets/kubernetes.io/serviceaccount',
    }),
    kubeconfig: s.string({
      about:
        'A kubeconfig file in place of the service account, for a controller outside of the cluster: its current context, with a token or a client certificate.',
      optional: true,
      example: '/home/dev/.kube/config',
    }),
    lease: s.string({
      about:
        'The Lease in the own namespace by which the replicas agree who does what only one may do: certificates, Events, evictions.',
      default: 'outrigger-controller',
    }),
  },
  {
    about:
      'How the controller reaches the API server of its cluster: as the service account of its pod, or by a kubeconfig.',
  },
)

export type ClusterConfig = Infer<typeof clusterConfig>
