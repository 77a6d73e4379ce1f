import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NewAuthority, Signer } from './root.ts'

const ROOT = { certificate: 'root.pem', key: 'root.key' } as const
const INTERMEDIATE = { certificate: 'intermediate.pem', key: 'intermediate.key' } as const

/** Something stands in the way; `message` says what and how to mend it. */
export class AuthorityFolderError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'AuthorityFolderError'
  }
}

/** The names of the files in an authority's folder. */
export const AUTHORITY_FILES = { root: ROOT, intermediate: INTERMEDIATE }

/** Writes a new authority; the folder is made with mode 0700, the files with 0600. Never overwrites: nothing is written when one of the files is there. */
export async function writeAuthority(folder: string, authority: NewAuthority): Promise<string[]> {
  const texts = new Map([
    [ROOT.key, authority.root.key],
    [ROOT.certificate, authority.root.certificate],
  ] as [string, string][])
  if (authority.intermediate) {
    texts.set(INTERMEDIATE.key, authority.intermediate.key)
    texts.set(INTERMEDIATE.certificate, authority.intermediate.certificate)
  }
  await refuseExisting(folder, [...Object.values(ROOT), ...Object.values(INTERMEDIATE)])
  return writePrivateFiles(folder, texts)
}

/** Creates each file with mode 0600; one that exists is an AuthorityFolderError. Returns their paths. */
export async function writePrivateFiles(
  folder: string,
  texts: ReadonlyMap<string, string>,
): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await refuseExisting(folder, [...texts.keys()])
  const paths: string[] = []
  for (const [name, text] of texts) {
    const path = join(folder, name)
    await writeNew(path, text)
    paths.push(path)
  }
  return paths
}

/** The root's certificate, and what signs: the intermediate when there is one. */
export async function readAuthority(folder: string): Promise<{ rootCertificate: string; signer: Signer }> {
  const rootCertificate = await read(folder, ROOT.certificate)
  const intermediate = await exists(join(folder, INTERMEDIATE.certificate))
  const names = intermediate ? INTERMEDIATE : ROOT
  const certificate = intermediate ? await read(folder, names.certificate) : rootCertificate
  return { rootCertificate, signer: { certificate, key: await read(folder, names.key) } }
}

async function refuseExisting(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(folder, name)
    if (await exists(path))
      throw new AuthorityFolderError(
        `${path} exists; it is not overwritten: choose another folder or remove it`,
      )
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  // Exclusive: what appeared since the look, also a link, is not written through.
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const hint = code === 'ENOENT' ? 'there is no such file; outrigger ca init makes an authority' : code
    throw new AuthorityFolderError(`cannot read ${join(folder, name)}: ${hint}`, error)
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
