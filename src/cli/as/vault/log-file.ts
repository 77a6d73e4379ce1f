import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'

export interface LogFileOptions {
  /** A file; with a slash at its end a folder, where the file is called agent.log. */
  readonly path: string
  readonly cwd: string
  /** 0: no limit. */
  readonly rotateBytes: number
  readonly rotateDurationMs: number
  /** Of older files; 0: all are kept, -1: none. */
  readonly rotateMaxFiles: number
  readonly now: () => number
}

/** A log in a file that is put aside by size and age: `agent.log` becomes `agent-<time>.log`. */
export class LogFile {
  readonly path: string
  readonly #options: LogFileOptions
  #bytes = 0
  #beganMs = 0

  /** Throws when the file cannot be written. */
  constructor(options: LogFileOptions) {
    this.#options = options
    const { path, cwd, now } = options
    const named = path.endsWith('/') ? `${path}agent.log` : extname(path) === '' ? `${path}.log` : path
    this.path = resolve(cwd, named)
    mkdirSync(dirname(this.path), { recursive: true })
    appendFileSync(this.path, '', { mode: 0o640 })
    this.#bytes = statSync(this.path).size
    this.#beganMs = now()
  }

  /** Throws when it cannot be written. */
  write(line: string): void {
    const { rotateBytes, rotateDurationMs, now } = this.#options
    const bytes = Buffer.byteLength(line)
    const isFull = rotateBytes > 0 && this.#bytes > 0 && this.#bytes + bytes > rotateBytes
    if (isFull || (rotateDurationMs > 0 && now() - this.#beganMs >= rotateDurationMs)) this.#rotate()
    appendFileSync(this.path, line, { mode: 0o640 })
    this.#bytes += bytes
  }

  #rotate(): void {
    const { now, rotateMaxFiles } = this.#options
    const extension = extname(this.path)
    const name = basename(this.path, extension)
    const folder = dirname(this.path)
    renameSync(this.path, join(folder, `${name}-${BigInt(now()) * 1_000_000n}${extension}`))
    this.#bytes = 0
    this.#beganMs = now()
    if (rotateMaxFiles === 0) return
    const older = readdirSync(folder)
      .filter(
        each =>
          each.startsWith(`${name}-`) &&
          each.endsWith(extension) &&
          /^\d+$/.test(each.slice(name.length + 1, each.length - extension.length)),
      )
      .sort()
    const surplus = rotateMaxFiles < 0 ? older : older.slice(0, Math.max(0, older.length - rotateMaxFiles))
    for (const each of surplus) rmSync(join(folder, each), { force: true })
  }
}
