import { readFile } from 'node:fs/promises'

/** One line; the file may be replaced at any time, as Kubernetes does. `option` is what errors call it. */
export async function readToken(file: string, option: string): Promise<string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`${option}: cannot read ${file}: ${code}`)
  }
  const token = text.trim()
  // Whatever is wrong with it, it is not to be seen.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new TypeError(`${option}: ${file} holds no token; expected one line of text`)
  return token
}
