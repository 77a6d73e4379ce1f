/**
 * Applications that write numbered lines of JSON: `node log-writer.ts FOLDER LINES_PER_SECOND SECONDS FILES ROTATE_BYTES`.
 * The lines go to the files in turn; a file that is full is renamed. Prints `{lines, bytes, rotations}` at its end.
 */
import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const [folder, ...numbers] = process.argv.slice(2)
const [linesPerSecond, seconds, files, rotateBytes] = numbers.map(Number)

class Log {
  readonly #path: string
  #fd: number
  #bytes = 0
  #generation = 0

  constructor(name: string) {
    this.#path = join(folder!, name)
    this.#fd = openSync(this.#path, 'a')
  }

  get rotations(): number {
    return this.#generation
  }

  write(text: string): number {
    const bytes = writeSync(this.#fd, text)
    this.#bytes += bytes
    if (this.#bytes >= rotateBytes!) {
      closeSync(this.#fd)
      renameSync(this.#path, `${this.#path}.${++this.#generation}`)
      this.#fd = openSync(this.#path, 'a')
      this.#bytes = 0
    }
    return bytes
  }
}

const logs = Array.from({ length: files! }, (_, i) => new Log(`app-${i}.log`))
const pad = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'
let n = 0
let bytes = 0
let turn = 0
const began = performance.now()

const timer = setInterval(() => {
  const elapsed = Math.min(seconds!, (performance.now() - began) / 1000)
  const due = Math.floor(elapsed * linesPerSecond!)
  const time = new Date().toISOString()
  while (n < due) {
    let text = ''
    for (let i = 0; i < 50 && n < due; i++, n++)
      text += `{"time":"${time}","level":"info","n":"@@${n}@@","path":"/api/v1/orders/${(n * 7919) % 1_000_000}","status":200,"user_agent":"${pad}"}\n`
    bytes += logs[turn++ % logs.length]!.write(text)
  }
  if (elapsed < seconds!) return
  clearInterval(timer)
  const rotations = logs.reduce((sum, log) => sum + log.rotations, 0)
  process.stdout.write(`${JSON.stringify({ lines: n, bytes, rotations })}\n`)
}, 10)
