import { constants } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LineFile } from '../../../../kernel/lines/line-file.ts'

/** What is known of an object beside its records. */
export interface ObjectInfo {
  /** Ascends with time: part of its files' names. */
  readonly id: string
  /** Records of the same group go to the same object. */
  readonly group: string
  readonly key: string
  readonly openedAtMs: number
  /** A multipart upload that was begun: it has to be ended. */
  readonly uploadId?: string
}

/** Records that are to become one object. */
export interface StoredObject {
  info: ObjectInfo
  /** Of its records. */
  bytes: number
  /** Takes records until it is complete. */
  readonly file: LineFile | undefined
}

/**
 * The records of objects that are not uploaded yet, one file each: `<id>.lines` while it takes records, `<id>.full` when it
 * is complete, and `<id>.json` with what is known of it. What `append` has taken is on the disk; a line that a crash cut
 * off is removed, since its record is sent again.
 */
export class ObjectFolder {
  readonly path: string
  readonly #open = new Map<string, StoredObject>()
  readonly #full: StoredObject[] = []
  #lastId = 0

  private constructor(path: string) {
    this.path = path
  }

  /** Reads what an earlier life left behind. */
  static async read(path: string): Promise<ObjectFolder> {
    await mkdir(path, { recursive: true })
    const folder = new ObjectFolder(path)
    const names = (await readdir(path)).sort()
    for (const name of names) {
      const id = /^([0-9a-z]+)\.json$/.exec(name)?.[1]
      if (id !== undefined) await folder.#recover(id, names)
      else if (/\.(new|body)$/.test(name)) await rm(join(path, name), { force: true })
    }
    return folder
  }

  /** What all files take. */
  get bytes(): number {
    let sum = 0
    for (const { bytes } of this.#open.values()) sum += bytes
    for (const { bytes } of this.#full) sum += bytes
    return sum
  }

  get open(): readonly StoredObject[] {
    return [...this.#open.values()]
  }

  /** Complete ones, the oldest first. */
  get full(): readonly StoredObject[] {
    return this.#full
  }

  /** Of a complete object's records. */
  dataPath({ info }: StoredObject): string {
    return join(this.path, `${info.id}.full`)
  }

  bodyPath({ info }: StoredObject): string {
    return join(this.path, `${info.id}.body`)
  }

  openOf(group: string): StoredObject | undefined {
    return this.#open.get(group)
  }

  /** The object that takes records of this group from now on. */
  async begin(group: string, key: string, nowMs: number): Promise<StoredObject> {
    const id = this.#nextId(nowMs)
    const object = {
      info: { id, group, key, openedAtMs: nowMs },
      bytes: 0,
      file: new LineFile(join(this.path, `${id}.lines`), true),
    }
    await this.#write(object.info)
    this.#open.set(group, object)
    return object
  }

  /** Safe once it resolves; when it rejects nothing of it stays. */
  async append(object: StoredObject, lines: Buffer): Promise<void> {
    const file = object.file!
    await file.open()
    await file.append(lines)
    object.bytes = file.size
  }

  /** Nothing more is written to it. */
  async complete(object: StoredObject): Promise<void> {
    const { info, file } = object
    await file?.close()
    await rename(join(this.path, `${info.id}.lines`), this.dataPath(object))
    this.#open.delete(info.group)
    this.#full.push(object)
  }

  async noteUpload(object: StoredObject, uploadId: string | undefined): Promise<void> {
    const { uploadId: _, ...info } = object.info
    object.info = uploadId === undefined ? info : { ...info, uploadId }
    await this.#write(object.info)
  }

  /** It is where it should be. */
  async remove(object: StoredObject): Promise<void> {
    const at = this.#full.indexOf(object)
    if (at >= 0) this.#full.splice(at, 1)
    await rm(this.bodyPath(object), { force: true })
    // Its records go first: what is left of it then is known to be nothing.
    await rm(this.dataPath(object), { force: true })
    await rm(join(this.path, `${object.info.id}.json`), { force: true })
  }

  /** A number that grows from call to call, also over restarts. */
  async nextIndex(): Promise<number> {
    const path = join(this.path, 'index')
    const index = Number((await readFile(path, 'utf8').catch(() => '')).trim() || 0) + 1
    await writeFile(`${path}.new`, `${index}\n`)
    await rename(`${path}.new`, path)
    return index
  }

  async close(): Promise<void> {
    await Promise.all(this.open.map(({ file }) => file?.close()))
  }

  async #recover(id: string, names: readonly string[]): Promise<void> {
    const metaPath = join(this.path, `${id}.json`)
    const info = parseInfo(await readFile(metaPath, 'utf8'), id)
    this.#lastId = Math.max(this.#lastId, Number.parseInt(id, 36))
    if (names.includes(`${id}.full`)) {
      const { size } = await stat(join(this.path, `${id}.full`))
      this.#full.push({ info, bytes: size, file: undefined })
      return
    }
    const file = new LineFile(join(this.path, `${id}.lines`), true)
    if (names.includes(`${id}.lines`)) await file.open()
    if (file.size === 0) {
      await file.close()
      await rm(file.path, { force: true })
      await rm(metaPath, { force: true })
      return
    }
    const object = { info, bytes: file.size, file }
    if (this.#open.has(info.group)) await this.complete(object)
    else this.#open.set(info.group, object)
  }

  #nextId(nowMs: number): string {
    this.#lastId = Math.max(this.#lastId + 1, Math.floor(nowMs) * 16)
    return this.#lastId.toString(36).padStart(12, '0')
  }

  /** Whole or not at all, and on the disk before its records are. */
  async #write(info: ObjectInfo): Promise<void> {
    const path = join(this.path, `${info.id}.json`)
    const file = await open(`${path}.new`, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o644)
    try {
      await file.writeFile(JSON.stringify(info))
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(`${path}.new`, path)
  }
}

/** A file that makes no sense costs its records their place, but not their upload. */
function parseInfo(text: string, id: string): ObjectInfo {
  try {
    const { group, key, openedAtMs, uploadId } = JSON.parse(text) as ObjectInfo
    if (typeof group === 'string' && typeof key === 'string' && typeof openedAtMs === 'number')
      return { id, group, key, openedAtMs, ...(typeof uploadId === 'string' ? { uploadId } : {}) }
  } catch {
    // The same as one that lacks something.
  }
  return { id, group: id, key: `recovered/${id}.ndjson`, openedAtMs: 0 }
}
