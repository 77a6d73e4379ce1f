// No peer, whatever it does, makes an output say that records arrived, or wait for ever.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { checkOutput, openOutput, outputSchema } from '../../src/modules/logs/outputs/kinds.ts'
import { fakeOutputHost, fakeSlice } from '../../src/modules/logs/outputs/output-fakes.ts'
import { destinations, furtherDestinations } from '../outputs/all.ts'
import { hostilePeers } from './hostile-peers.ts'

/** Nobody is asked by the network. */
const LOCAL = ['file', 'store', 'stdout', 'null']
/** Their protocols acknowledge nothing. */
const UNACKNOWLEDGED = ['syslog', 'gelf', 'tcp']
const never = new AbortController().signal

for (const { kind, name = kind, isLocal, missing, start } of [...destinations, ...furtherDestinations]) {
  if (isLocal || LOCAL.includes(kind) || missing !== undefined) continue
  describe(`the ${name} output`, { concurrency: 4 }, () => {
    for (const peer of hostilePeers) {
      if (peer.isOnlySeenInAnswers && UNACKNOWLEDGED.includes(kind)) continue
      test(`is not deceived by ${peer.what}`, async t => {
        const { options } = await start(t)
        const port = Number(/127\.0\.0\.1:(\d+)/.exec(JSON.stringify(options))?.[1])
        assert.ok(port > 0)
        const changed = diverted(options, port, await peer.start(t, port), peer.overTls === true)
        const host = fakeOutputHost({ kind, clock: systemClock() })
        t.after(() => host.close())
        const output = await openOutput(configOf(kind, changed), host)
        const slice = fakeSlice(
          Array.from({ length: 2000 }, (_, n) => ({ n, text: 'x'.repeat(500) })),
          { sequence: 1, timeMs: Date.now() },
        )
        const outcome = await output.send([slice], never)
        // It keeps the records itself, and goes on trying.
        if (output.drain) assert.deepEqual(outcome, { kind: 'done' })
        else {
          assert.equal(outcome.kind, 'failed', JSON.stringify(outcome).slice(0, 500))
          assert.match(outcome.kind === 'failed' ? outcome.reason : '', /\w{3}/)
        }
      })
    }
  })
}

function diverted(options: object, from: number, to: number, overTls: boolean): object {
  const text = JSON.stringify(options).replaceAll(`127.0.0.1:${from}`, `127.0.0.1:${to}`)
  if (!overTls) return JSON.parse(text)
  const secure = text.replaceAll(/"(http|redis|tcp|nats)(:\/\/127)/g, (_, scheme: string, rest: string) => {
    return `"${SECURE[scheme]}${rest}`
  })
  return secure === text ? { ...JSON.parse(text), tls: {} } : JSON.parse(secure)
}

const SECURE: Readonly<Record<string, string>> = { http: 'https', redis: 'rediss', tcp: 'tls', nats: 'tls' }

function configOf(kind: string, options: object) {
  for (const timeout of [{ timeout: '300ms' }, { timeout: '1s' }, {}]) {
    const decoded = outputSchema.decode({ [kind]: { ...options, ...timeout } })
    if (decoded.ok) {
      assert.deepEqual(checkOutput(decoded.value), [])
      return decoded.value
    }
  }
  throw new Error(`the options of ${kind} are wrong`)
}
