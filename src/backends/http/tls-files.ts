import { readFile, stat } from 'node:fs/promises'
import type { ClientTls } from '../../http/client/dial.ts'
import type { Infer } from '../../kernel/config/schema.ts'
import type { tlsConfig } from './tls-config.ts'

export type TlsConfig = Infer<typeof tlsConfig>

/** What the options say, read now. Throws UnusableFile. */
export async function loadTls(tls: TlsConfig, tlsKey: string): Promise<ClientTls> {
  return await readTls(tls, certificateFiles(tls, tlsKey))
}

/** A file that the configuration names is missing or makes no sense. */
export class UnusableFile extends Error {}

export interface CertificateFile {
  readonly option: 'ca' | 'cert' | 'key'
  readonly path: string
  /** `logs.outputs[0].elasticsearch.tls.ca` */
  readonly name: string
}

/** The files that the options name. `tlsKey`: where they stand, for messages. */
export function certificateFiles(tls: TlsConfig, tlsKey: string): CertificateFile[] {
  const files: CertificateFile[] = []
  for (const option of ['ca', 'cert', 'key'] as const) {
    const path = tls[option]
    if (path !== undefined) files.push({ option, path, name: `${tlsKey}.${option}` })
  }
  return files
}

/** Changes whenever one of the files does. */
export async function versionOf(files: readonly CertificateFile[]): Promise<string> {
  const versions = await useFiles(files, async ({ path }) => {
    const { mtimeMs, ino, size } = await stat(path)
    return `${mtimeMs}:${ino}:${size}`
  })
  return versions.join(' ')
}

export async function readTls(tls: TlsConfig, files: readonly CertificateFile[]): Promise<ClientTls> {
  const read = await useFiles(files, async ({ option, path }) => [option, await readFile(path)] as const)
  return {
    verify: tls.verify,
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    ...Object.fromEntries(read),
  }
}

/** Rejects with a message that names every file that is unusable, in the order of the options. */
async function useFiles<T>(
  files: readonly CertificateFile[],
  use: (file: CertificateFile) => Promise<T>,
): Promise<T[]> {
  const results = await Promise.allSettled(files.map(use))
  const problems = results.flatMap((result, index) =>
    result.status === 'rejected'
      ? [`the file of ${files[index].name} cannot be read: ${(result.reason as Error).message}`]
      : [],
  )
  if (problems.length > 0) throw new UnusableFile(problems.join('; '))
  return results.map(result => (result as PromiseFulfilledResult<T>).value)
}
