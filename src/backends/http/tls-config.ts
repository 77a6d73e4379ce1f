import { s } from '../../kernel/config/schema.ts'

/** TLS of an output that connects by https. Options are paths of PEM files, read when the first connection needs them. */
export const tlsConfig = s.object(
  {
    ca: s.string({
      about:
        'File with the certificates (PEM) that the server’s certificate must lead to, instead of those of well-known authorities.',
      optional: true,
      example: '/etc/ssl/our-ca.pem',
    }),
    cert: s.string({
      about: 'File with our own certificate (PEM, with its chain) for servers that ask for one. Needs `key`.',
      optional: true,
      example: '/etc/tls/tls.crt',
    }),
    key: s.string({
      about: 'File with the private key (PEM) of `cert`.',
      optional: true,
      example: '/etc/tls/tls.key',
    }),
    verify: s.boolean({
      about:
        'Check the server’s certificate. With `false` anybody on the way can read and change what is sent.',
      default: true,
    }),
    serverName: s.string({
      about: 'The name that the server’s certificate must carry, when it is not the host of the URL.',
      optional: true,
      example: 'logs.internal',
    }),
  },
  { about: 'TLS settings for an https URL.', optional: true },
)
