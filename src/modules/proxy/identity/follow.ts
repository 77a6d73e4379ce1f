import type { TlsAcceptor } from '../../../http/tls/acceptor.ts'
import type { Certificate, CertificateSource } from '../../../http/tls/certificate.ts'
import type { TlsMaterials } from '../../../http/tls/contexts.ts'
import type { Log } from '../../../kernel/log/log.ts'

/** What a listener shows and trusts that stands for this sidecar. */
export function materialsOf(certificate: Certificate): TlsMaterials {
  return { fallback: certificate, trustBundle: certificate.trustBundle }
}

/** Gives each new certificate of the source to the acceptor; the result ends it. */
export function followSource(source: CertificateSource, acceptor: TlsAcceptor, log: Log): () => void {
  return source.onChange(() => {
    try {
      acceptor.update(materialsOf(source.current()))
    } catch (error) {
      log.error('certificate_unusable', 'a listener keeps its last certificate', { error })
    }
  })
}
