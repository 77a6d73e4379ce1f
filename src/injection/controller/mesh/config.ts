import { type Infer, s } from '../../../kernel/config/schema.ts'

export const meshConfig = s.object(
  {
    listen: s.address({
      about: 'Where sidecars get their identities and the endpoints of Services, over HTTPS.',
      default: '127.0.0.1:4700',
      example: '0.0.0.0:4700',
    }),
    trustDomain: s.string({
      about:
        'The domain that all identities begin with. Another one later makes every identity a strange one.',
      default: 'cluster.local',
      pattern: /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/,
      expected: 'a domain in lower case',
    }),
    names: s.list(s.string({ about: 'A DNS name.' }), {
      about:
        'The DNS names that sidecars reach the controller by. Unless given, those of the Service outrigger-controller in the own namespace.',
      optional: true,
      minItems: 1,
      example: ['outrigger-controller.outrigger-system.svc'],
    }),
    url: s.url({
      about:
        'Where sidecars that the webhook injects find it. Unless given, the Service outrigger-controller in the own namespace, at the port of `listen`.',
      protocols: ['https'],
      optional: true,
      example: 'https://outrigger-controller.outrigger-system.svc:4700',
    }),
    audience: s.string({
      about: 'Whom the tokens of sidecars must have been made for.',
      default: 'outrigger',
    }),
    lifetime: s.duration({
      about: 'How long certificates of sidecars live.',
      default: '24h',
      min: '10m',
      max: '90d',
    }),
    secret: s.string({
      about: 'The Secret of the own namespace that holds the authority. The first replica makes it.',
      default: 'outrigger-mesh-authority',
    }),
    maxFeeds: s.integer({
      about: 'Feeds that may be open at one time; more are refused.',
      default: 100_000,
      min: 1,
    }),
  },
  {
    about:
      'The authority of the mesh: it signs the certificates of sidecars, whose service account the API server vouches for, and tells them the endpoints of the Services that they use. Needs `cluster`.',
  },
)

export type MeshConfig = Infer<typeof meshConfig>
