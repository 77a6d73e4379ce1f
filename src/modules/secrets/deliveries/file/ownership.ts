import { readFile } from 'node:fs/promises'

export interface Ownership {
  readonly mode: number
  /** -1: as it comes. */
  readonly uid: number
  readonly gid: number
}

/** Users and groups by number or by the names of this machine. Rejects for a name that there is none of. */
export async function resolveOwnership(config: {
  readonly mode: string
  readonly owner?: string
  readonly group?: string
}): Promise<Ownership> {
  return {
    mode: Number.parseInt(config.mode, 8),
    uid: config.owner === undefined ? -1 : await idOf(config.owner, '/etc/passwd', 'user'),
    gid: config.group === undefined ? -1 : await idOf(config.group, '/etc/group', 'group'),
  }
}

async function idOf(name: string, database: string, what: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name)
  const text = await readFile(database, 'utf8').catch(() => '')
  for (const line of text.split('\n')) {
    const [known, , id] = line.split(':')
    if (known === name && id !== undefined) return Number(id)
  }
  throw new Error(`there is no ${what} "${name}" in ${database}; give the number instead`)
}
