import { readFile } from 'node:fs/promises'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this process may not read it; look at the permissions of the file and of its folders',
  EISDIR: 'it is a folder',
}

/** Reads a PEM file; rejects with words that name the option and the file, and nothing of what is in it. */
export async function readPem(
  path: string,
  option: string,
  holds: 'CERTIFICATE' | 'PRIVATE KEY',
): Promise<string> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw new Error(`${option}: cannot read ${path}: ${REASONS[code] ?? code}`)
  }
  if (!text.includes(`${holds}-----`)) {
    const wanted = holds === 'CERTIFICATE' ? 'a certificate' : 'a private key'
    throw new TypeError(`${option}: ${path} holds no ${wanted.slice(2)}; expected ${wanted} in PEM form`)
  }
  return text
}
