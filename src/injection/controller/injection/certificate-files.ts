import { readFile } from 'node:fs/promises'
import type { Certificate, CertificateSource } from '../../../http/tls/certificate.ts'
import { ConfigWatch } from '../../../kernel/lifecycle/config-watch.ts'
import { errorText } from '../../../kernel/log/format.ts'
import type { Host } from '../../../kernel/module.ts'

/** A certificate and its key in files that somebody else renews. What does not fit together is not taken over. */
export class CertificateFiles implements CertificateSource, Disposable {
  readonly #files: { readonly certificate: string; readonly key: string }
  readonly #log: Host['log']
  readonly #watch: ConfigWatch
  readonly #calls = new Set<() => void>()
  #current: Certificate
  #reading: Promise<void> = Promise.resolve()

  private constructor(
    files: { readonly certificate: string; readonly key: string },
    { clock, log }: Pick<Host, 'clock' | 'log'>,
    first: Certificate,
  ) {
    this.#files = files
    this.#log = log
    this.#current = first
    this.#watch = new ConfigWatch(clock, () => {
      this.#reading = this.#reading.then(() => this.#reload())
    })
  }

  /** Rejects with what is wrong with the files. */
  static async open(
    files: { readonly certificate: string; readonly key: string },
    host: Pick<Host, 'clock' | 'log'>,
  ): Promise<CertificateFiles> {
    const first = await read(files).catch(error => {
      throw new Error(`certificate.files: ${errorText(error)}`, { cause: error })
    })
    const source = new CertificateFiles(files, host, first)
    await source.#watch.watch([files.certificate, files.key])
    return source
  }

  current(): Certificate {
    return this.#current
  }

  onChange(call: () => void): () => void {
    this.#calls.add(call)
    return () => void this.#calls.delete(call)
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  async #reload(): Promise<void> {
    try {
      this.#current = await read(this.#files)
      await this.#watch.watch([this.#files.certificate, this.#files.key])
    } catch (error) {
      this.#log.error('certificate_rejected', 'the changed certificate cannot be used; the last one stays', {
        error,
      })
      return
    }
    this.#log.info('certificate_changed', 'another certificate is shown from now on', {
      expires: new Date(this.#current.notAfterMs).toISOString(),
    })
    for (const call of [...this.#calls]) call()
  }
}

async function read({
  certificate,
  key: keyFile,
}: {
  certificate: string
  key: string
}): Promise<Certificate> {
  const [chain, key] = await Promise.all([readFile(certificate, 'utf8'), readFile(keyFile, 'utf8')])
  const { X509Certificate, createPrivateKey } = process.getBuiltinModule('node:crypto')
  const leaf = new X509Certificate(chain)
  if (!leaf.checkPrivateKey(createPrivateKey(key)))
    throw new Error(`the key in ${keyFile} is not that of the certificate in ${certificate}`)
  return {
    ...{ chain, key, trustBundle: '', identity: undefined },
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
  }
}
