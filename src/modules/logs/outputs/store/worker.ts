// The store's own thread: indexing and the disk's answers take longer than the sidecar's loop may be held.
// Started by output.ts with StoreSettings; answers every Request that has an id.
import type { Note, Reply, Request, StoreSettings } from './messages.ts'
import { Store } from './store.ts'

const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')

if (parentPort !== null) serve(parentPort, workerData as StoreSettings)

function serve(port: import('node:worker_threads').MessagePort, settings: StoreSettings): void {
  let notes: Note[] = []
  const store = new Store(settings, note => notes.push(note))
  const reply = (outcome: Reply['outcome'], id?: number) => {
    port.postMessage({ ...(id === undefined ? {} : { id }), outcome, notes } satisfies Reply)
    notes = []
  }
  port.on('message', (request: Request) => {
    switch (request.kind) {
      case 'write':
        return reply(store.write(request.parcels, request.nowMs), request.id)
      case 'retain':
        return reply(store.retain(request.nowMs))
      case 'close':
        store.close()
        return port.close()
    }
  })
}
