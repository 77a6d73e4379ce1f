import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'

const EVERY_MS = 3000

export interface RotationGiven {
  /** The program of Outrigger, and the store with its key. */
  readonly outrigger: string
  readonly store: string
  readonly keyFile: string
  /** `http://127.0.0.1:8190`, and the token of its owner. */
  readonly database: string
  readonly adminToken: string
  readonly onRotated: (count: number) => void
}

/**
 * What an operator, or a job, does with a password: the database learns the new one first, then the store of secrets.
 * Nobody tells the shop.
 */
export class Rotation {
  readonly #given: RotationGiven
  #count = 0
  #running: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(given: RotationGiven) {
    this.#given = given
  }

  get count(): number {
    return this.#count
  }

  /** Makes the store, and the first password; later ones come by themselves. */
  async begin(): Promise<void> {
    await this.#secrets('init')
    await this.#rotate()
    this.#schedule()
  }

  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#rotate().then(() => {
        if (this.#ended) return
        this.#count++
        this.#given.onRotated(this.#count)
        this.#schedule()
      })
    }, EVERY_MS)
  }

  async #rotate(): Promise<void> {
    const { database, adminToken } = this.#given
    const password = randomBytes(15).toString('base64url')
    const answer = await fetch(`${database}/password`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${adminToken}` },
      body: password,
    })
    if (!answer.ok) throw new Error(`the database answered ${answer.status}`)
    await this.#secrets('set', ['orders/db', 'user=shop', 'password=-'], password)
  }

  /** Through standard input a password gets neither into the list of processes nor into the history of a shell. */
  async #secrets(action: string, args: readonly string[] = [], input = ''): Promise<void> {
    const { outrigger, store, keyFile } = this.#given
    const child = spawn(
      process.execPath,
      [outrigger, 'secrets', action, ...args, '--store', store, '--key-file', keyFile],
      // Ctrl-C is for the demo, which ends what is under way in its order.
      { detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
    )
    let said = ''
    child.stderr.on('data', more => (said += more))
    child.stdin.end(input)
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`outrigger secrets ${action} ended with ${code}: ${said}`)
  }
}
