import { connect } from 'node:net'
import type { Address } from '../kernel/module.ts'

const ANSWER_MS = 2000

/**
 * undefined when the sidecar is ready, else what it said. One GET /readyz, written by hand: nothing more is needed, and
 * the HTTP engine need not be loaded for it.
 */
export function askReady(address: Address): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect('path' in address ? { path: address.path } : address)
    let text = ''
    const done = (answer: string | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(ANSWER_MS, () => done('it does not answer'))
    socket.on('error', error => done((error as NodeJS.ErrnoException).code ?? error.message))
    socket.on('close', () =>
      done(text === '' ? 'it closed the connection' : `it answered ${text.slice(0, 40)}`),
    )
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
      if (status !== undefined) done(status === '200' ? undefined : `it answered ${status}`)
    })
    socket.write('GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  })
}
