import { type Infer, s } from '../config/schema.ts'

/** TLS of a listener: option `tls`. */
export function serverTls(about: string) {
  return s.object(
    {
      cert: s.string({
        about:
          'File with the certificate (PEM), its intermediates behind it. It is read again when it changes.',
        example: '/etc/tls/tls.crt',
      }),
      key: s.string({ about: 'File with its private key (PEM).', example: '/etc/tls/tls.key' }),
      ca: s.string({
        about:
          'File with the authorities (PEM) that issue the certificates of senders: with it a sender without one is refused.',
        optional: true,
        example: '/etc/tls/clients.pem',
      }),
      minVersion: s.choice(['TLSv1.2', 'TLSv1.3'], {
        about: 'The oldest version that is spoken.',
        default: 'TLSv1.2',
      }),
    },
    { about, optional: true },
  )
}

export type ServerTlsConfig = NonNullable<Infer<ReturnType<typeof serverTls>>>
