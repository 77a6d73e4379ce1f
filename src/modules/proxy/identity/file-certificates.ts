import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import type { Host } from '../../../kernel/module.ts'
import { CertificateCell, certificateFrom } from './certificate-cell.ts'
import { readPem } from './pem-file.ts'

/** PEM files, such as tls.crt, tls.key and ca.crt of cert-manager, or svid.pem, svid_key.pem and bundle.pem of a SPIFFE helper. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/**
 * The certificate in these files, read anew when they change, also when a folder is swapped through a symlink.
 * Rejects when they cannot be used at first; later what does not fit is logged, and the last good one kept.
 */
export async function fileCertificates(
  files: CertificateFiles,
  host: Pick<Host, 'clock' | 'log' | 'scope'>,
): Promise<CertificateCell> {
  const { clock, log, scope } = host
  const paths = [files.cert, files.key, files.ca]
  const cell = new CertificateCell(await read(files))
  const reload = async (): Promise<void> => {
    try {
      const next = await read(files)
      const now = cell.current()
      if (next.chain === now.chain && next.key === now.key && next.trustBundle === now.trustBundle) return
      cell.set(next)
      log.info('certificate_changed', 'took over a new certificate from its files', {
        identity: next.identity,
        expires: new Date(next.notAfterMs).toISOString(),
      })
    } catch (error) {
      log.warn('certificate_unusable', 'the changed certificate files do not fit; the last good ones stay', {
        error,
        files: paths,
      })
    }
  }
  const watch = new ConfigWatch(clock, () => void reload())
  scope.defer(() => watch[Symbol.dispose]())
  await watch.watch(paths)
  // What changed between the first read and the watch.
  await reload()
  return cell
}

async function read(files: CertificateFiles) {
  const [chain, key, trustBundle] = await Promise.all([
    readPem(files.cert, 'identity.files.cert', 'CERTIFICATE'),
    readPem(files.key, 'identity.files.key', 'PRIVATE KEY'),
    readPem(files.ca, 'identity.files.ca', 'CERTIFICATE'),
  ])
  try {
    return certificateFrom({ chain, key, trustBundle })
  } catch (error) {
    throw new TypeError(
      `identity.files: ${(error as Error).message} (${files.cert}, ${files.key}, ${files.ca})`,
    )
  }
}
