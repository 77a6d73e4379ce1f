import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'

const path = (about: string, example: string) =>
  s.string({ about, pattern: /./, expected: 'the path of a file', example })

export const injectionConfig = s.object(
  {
    listen: s.address({
      about:
        'Where reviews are taken, over HTTPS. 10250 is reached by the API servers of private clusters whose firewalls let nothing else pass to nodes.',
      default: '127.0.0.1:10250',
      example: '0.0.0.0:10250',
    }),
    certificate: s.oneOf(
      {
        files: s.object(
          {
            certificate: path('The certificate, then its intermediates (PEM).', '/etc/outrigger/tls/tls.crt'),
            key: path('Its key (PEM).', '/etc/outrigger/tls/tls.key'),
          },
          { about: 'Files that somebody else renews; they are taken over when they change.' },
        ),
        self: s.object(
          {
            secret: s.string({
              about: 'The Secret of the own namespace in which the replicas keep authority and certificate.',
              default: 'outrigger-webhook',
            }),
            names: s.list(s.string({ about: 'A DNS name.' }), {
              about: 'The names that API servers ask for: SERVICE.NAMESPACE.svc.',
              minItems: 1,
              example: ['outrigger-controller.outrigger-system.svc'],
            }),
            webhookConfiguration: s.string({
              about:
                'The MutatingWebhookConfiguration and ValidatingWebhookConfiguration whose caBundle is kept up to date.',
              default: 'outrigger-controller',
            }),
          },
          {
            about:
              'An authority of its own, whose certificates live a day. The leader renews them and writes the caBundle; needs `cluster`.',
          },
        ),
      },
      { about: 'Where the certificate comes from that API servers are shown.' },
    ),
    catalog: s.list(
      path(
        'A file, or a folder with *.yaml and *.yml files, such as a mounted ConfigMap.',
        '/etc/outrigger/catalog',
      ),
      {
        about:
          'The approved sidecars. Changes are taken over while it runs; a catalogue with mistakes is not, and the last good one stays. Unless given, the catalogue that comes with Outrigger.',
        optional: true,
        minItems: 1,
        example: ['/etc/outrigger/catalog'],
      },
    ),
    onFailure: s.choice(['allow', 'deny'], {
      about:
        'What becomes of a pod that asks for a sidecar and cannot have it, such as one with a wrong parameter. allow: it starts without, and its owner is warned. A pod that asks for a required sidecar is denied in any case.',
      default: 'allow',
    }),
    adopt: s.boolean({
      about:
        'Whether the annotations of other injectors are understood, too. The webhooks have to ask about such pods: outrigger install --adopt.',
      default: false,
    }),
    settings: s.map(s.string({ about: 'The value.' }), {
      about: 'Parameters for all pods, as ENTRY.PARAMETER; what a pod says itself is stronger.',
      default: {},
      example: { 'logs.output': 'stdout' },
    }),
    checks: s.list(
      s.string({ about: 'The id of a check.', pattern: /^SC\d{3}$/, expected: 'an id such as SC001' }),
      {
        about:
          'The checks of `outrigger lint` that warn whoever applies a workload, besides what injection itself has to say. They look at the pods as they will be.',
        default: ['SC001', 'SC002'],
      },
    ),
    timeout: s.duration({
      about: 'Within which a whole review must have come. Keep it below the timeoutSeconds of the webhooks.',
      default: '2s',
      min: '100ms',
      max: '29s',
    }),
    maxBody: s.size({
      about:
        'The largest review that is read; above it 413. Objects may have 3 MiB, and a review holds up to two.',
      default: '8MiB',
      max: '64MiB',
    }),
    maxReviews: s.integer({
      about: 'Reviews at one time; above it 503.',
      default: 128,
      min: 1,
    }),
    linger: s.duration({
      about:
        'How long reviews are still taken after SIGTERM: as long as API servers may not have heard that this replica leaves. Ends earlier when app.shutdown does.',
      default: '10s',
    }),
  },
  { about: 'The admission webhook: injects what pods ask for, and warns of mistakes.' },
)

export type InjectionConfig = Infer<typeof injectionConfig>

export function checkInjection({ certificate }: InjectionConfig): Problem[] {
  if (certificate.kind !== 'self') return []
  return certificate.config.names.flatMap((name, index) =>
    name.length <= 64
      ? []
      : [
          {
            path: ['certificate', 'self', 'names', index],
            message: 'expected at most 64 characters',
            hint: 'shorten the name of the Service or its namespace',
          },
        ],
  )
}
