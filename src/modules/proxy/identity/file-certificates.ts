import { readFile } from 'node:fs/promises'
import type { CertificateSource } from '../../../http/tls/certificate.ts'
import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import type { Host } from '../../../kernel/module.ts'
import { CertificateCell, certificateFrom } from './certificate-cell.ts'

/** PEM files, such as tls.crt, tls.key and ca.crt of cert-manager, or svid.pem, svid_key.pem and bundle.pem of a SPIFFE helper. */
export interface CertificateFiles {
  readonly chainFile: string
  readonly keyFile: string
  readonly trustBundleFile: string
}

/**
 * The certificate in these files, read anew when they change, also when a folder is swapped through a symlink.
 * Rejects when they cannot be used at first; later what does not fit is logged, and the last good one kept.
 */
export async function fileCertificates(
  files: CertificateFiles,
  host: Pick<Host, 'clock' | 'log' | 'scope'>,
): Promise<CertificateSource> {
  const { clock, log, scope } = host
  const paths = [files.chainFile, files.keyFile, files.trustBundleFile]
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
  const [chain, key, trustBundle] = await Promise.all(
    [files.chainFile, files.keyFile, files.trustBundleFile].map(text),
  )
  try {
    return certificateFrom({ chain: chain!, key: key!, trustBundle: trustBundle! })
  } catch (error) {
    throw new TypeError(
      `${files.chainFile}, ${files.keyFile}, ${files.trustBundleFile}: ${(error as Error).message}`,
    )
  }
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error })
  }
}
