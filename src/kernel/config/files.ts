import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Located } from './parse.ts'

const maxFiles = 256

export interface Sources {
  /** In reading order; `name` is what the user wrote, with the file's name behind it when that was a folder. */
  readonly files: readonly { readonly name: string; readonly text: string }[]
  /** Absolute paths of the files, and of the folders in which new ones may appear. */
  readonly watch: readonly string[]
  readonly problems: readonly Located[]
}

/** Reads files, and of folders their `*.yaml` and `*.yml` sorted by name. Whatever cannot be read becomes a problem. */
export async function readSources(names: readonly string[], cwd: string): Promise<Sources> {
  const files: { name: string; text: string }[] = []
  const watch: string[] = []
  const problems: Located[] = []
  const attempt = async (name: string, hint: string, read: () => Promise<void>) => {
    await read().catch((error: NodeJS.ErrnoException) => problems.push(unreadable(name, error, hint)))
  }
  const readOne = async (name: string) => {
    watch.push(resolve(cwd, name))
    files.push({ name, text: await readWhole(resolve(cwd, name)) })
  }
  for (const name of names) {
    await attempt(name, 'check the path given to -c', async () => {
      if (!(await stat(resolve(cwd, name))).isDirectory()) return readOne(name)
      watch.push(resolve(cwd, name))
      const inside = await listYaml(resolve(cwd, name))
      if (inside.length === 0)
        problems.push({ file: name, path: [], message: 'the folder has no *.yaml or *.yml file' })
      for (const file of inside.slice(0, maxFiles))
        await attempt(join(name, file), 'check the file', () => readOne(join(name, file)))
    })
  }
  return { files, watch, problems }
}

/** How long a file may be under way until it is taken as it is. */
const SETTLE_MS = 1000
/** An empty file is most often one that is being written again: emptied, not yet filled. */
const EMPTY_MS = 300
const PAUSE_MS = 20

/** A file that somebody writes at the same moment is read again until it rests. */
async function readWhole(path: string): Promise<string> {
  const began = performance.now()
  for (;;) {
    const before = await stat(path)
    const text = await readFile(path, 'utf8')
    const after = await stat(path)
    const rests = before.mtimeMs === after.mtimeMs && before.size === after.size && before.ino === after.ino
    const patienceMs = !rests ? SETTLE_MS : after.size === 0 && after.isFile() ? EMPTY_MS : 0
    if (performance.now() - began >= patienceMs) return text
    await sleep(PAUSE_MS)
  }
}

/** Hidden entries are left out: a mounted ConfigMap keeps its old and new versions in such folders. */
async function listYaml(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.filter(name => /^[^.].*\.ya?ml$/.test(name)).sort()
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission to read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
}

function unreadable(file: string, error: NodeJS.ErrnoException, hint: string): Located {
  return { file, path: [], message: `cannot be read: ${reasons[error.code ?? ''] ?? error.message}`, hint }
}
