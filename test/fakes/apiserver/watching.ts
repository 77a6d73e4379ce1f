import type { ServerResponse } from 'node:http'
import { Failure } from './failure.ts'
import { watch } from './lists.ts'
import type { Store } from './store.ts'
import { tableOf } from './table.ts'
import type { Tree } from './tree.ts'
import type { Route } from './wish.ts'
import { typed } from './writes.ts'

interface Open {
  readonly response: ServerResponse
  readonly bookmark: () => void
}

/** The watches that are open, each an answer without an end. */
export class Watching {
  readonly #store: Store
  readonly #now: () => number
  readonly #bookmarkMs: number
  readonly #open = new Set<Open>()

  constructor(store: Store, now: () => number, bookmarkMs: number) {
    this.#store = store
    this.#now = now
    this.#bookmarkMs = bookmarkMs
  }

  get size(): number {
    return this.#open.size
  }

  bookmark(): void {
    for (const each of this.#open) each.bookmark()
  }

  /** In good order. */
  end(): void {
    for (const { response } of [...this.#open]) response.end()
  }

  cut(): void {
    for (const { response } of [...this.#open]) response.socket?.destroy()
  }

  serve(route: Route, asTable: boolean, response: ServerResponse): void {
    const { kind, query } = route
    const write = (type: string, object: Tree): void => {
      const shown = asTable && type !== 'BOOKMARK' ? tableOf(kind, [object], {}, this.#now()) : object
      response.write(`${JSON.stringify({ type, object: shown })}\n`)
    }
    const early: (() => void)[] = []
    let isOpen = false
    let stop: () => void
    try {
      stop = watch(route, this.#store, ({ type, object }) =>
        isOpen ? write(type, object) : early.push(() => write(type, object)),
      )
    } catch (error) {
      // The real one tells a version that is gone in the watch itself.
      if (!(error instanceof Failure && error.code === 410)) throw error
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(`${JSON.stringify({ type: 'ERROR', object: error.status })}\n`)
      return
    }
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.flushHeaders()
    isOpen = true
    for (const call of early) call()
    const wantsBookmarks = ['true', '1'].includes(query.get('allowWatchBookmarks') ?? '')
    const bookmark = (): void => {
      const metadata = { resourceVersion: String(this.#store.version), creationTimestamp: null }
      if (wantsBookmarks) write('BOOKMARK', typed(kind, { metadata }))
    }
    const open: Open = { response, bookmark }
    this.#open.add(open)
    const ticking = setInterval(bookmark, this.#bookmarkMs)
    const seconds = Number(query.get('timeoutSeconds') ?? 0) || 1800
    const timeout = setTimeout(() => {
      bookmark()
      response.end()
    }, seconds * 1000)
    response.on('close', () => {
      stop()
      clearInterval(ticking)
      clearTimeout(timeout)
      this.#open.delete(open)
    })
  }
}
