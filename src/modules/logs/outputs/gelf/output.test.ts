import assert from 'node:assert/strict'
import { describe, it, type TestContext, test } from 'node:test'
import { startFakeGelf, startFakeGelfUdp } from '../../../../../test/fakes/gelf/server.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeOutputHost, fakeSlice } from '../output-fakes.ts'
import { checkGelf, type GelfConfig, gelfConfig } from './config.ts'
import { openGelf } from './output.ts'
import { datagramsOf } from './pieces.ts'

const never = new AbortController().signal

function configOf(options: object): GelfConfig {
  const decoded = gelfConfig.decode(options)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  return decoded.value
}

/** What a server gets of these records. */
async function received(t: TestContext, records: readonly object[], options: object = {}, udp = false) {
  const messages: Readonly<Record<string, unknown>>[] = []
  const onMessage = (message: Readonly<Record<string, unknown>>) => void messages.push(message)
  const server = await (udp ? startFakeGelfUdp({ onMessage }) : startFakeGelf({ onMessage }))
  t.after(() => server.close())
  const host = fakeOutputHost({ kind: 'gelf', clock: systemClock() })
  t.after(() => host.close())
  const url = `${udp ? 'udp' : 'tcp'}://127.0.0.1:${server.port}`
  const output = await openGelf(configOf({ url, hostname: 'web-1', ...options }), host)
  const outcome = await output.send([fakeSlice(records, { timeMs: 1_767_323_045_006 })], never)
  return { outcome, messages }
}

describe('a message of GELF', () => {
  it('has the fields of the record, taken apart', async t => {
    const { messages } = await received(t, [
      {
        message: 'hello',
        level: 'WARN',
        id: 7,
        tag: 'x',
        a: { b: { c: 1.5 } },
        l: [1],
        t: true,
        n: null,
        'x y': 'z',
      },
    ])
    assert.deepEqual(messages, [
      {
        version: '1.1',
        host: 'web-1',
        short_message: 'hello',
        timestamp: 1_767_323_045.006,
        level: 4,
        _tag: 'tail',
        _message: 'hello',
        _level: 'WARN',
        __id: 7,
        __tag: 'x',
        _a_b_c: 1.5,
        _l: '[1]',
        _t: 'true',
        _x_y: 'z',
      },
    ])
  })

  it('is the record where there is no message, and has the long text', async t => {
    const { messages } = await received(t, [{ n: 1 }, { msg: 'm', stack: 's' }])
    assert.equal(messages[0]['short_message'], '{"n":1}')
    assert.equal(messages[1]['full_message'], 's')
  })

  it('goes as one datagram, compressed or not, or in pieces', async t => {
    const long = Array.from({ length: 3000 }, (_, n) => (n * 7919).toString(36)).join(' ')
    for (const compress of ['gzip', 'none']) {
      const { messages, outcome } = await received(
        t,
        [{ message: 'short' }, { message: long }],
        { compress },
        true,
      )
      assert.deepEqual(outcome, { kind: 'done' })
      for (let tries = 0; messages.length < 2 && tries < 100; tries++)
        await new Promise(resolve => setTimeout(resolve, 20))
      assert.deepEqual(
        messages.map(message => message['short_message']),
        ['short', long],
      )
    }
  })

  it('that needs too many pieces is refused alone', async t => {
    const { outcome } = await received(
      t,
      [{ n: 1 }, { message: 'x'.repeat(200_000) }, { n: 3 }],
      { compress: 'none' },
      true,
    )
    assert.ok(outcome.kind === 'done')
    assert.deepEqual(
      outcome.rejected?.map(({ slices, reason }) => [slices[0].from, slices[0].to, reason]),
      [[1, 2, 'the message needs more than 128 datagrams: raise packet, or use tcp']],
    )
  })

  it('is cut into pieces that carry its id, their number and their count', () => {
    const pieces = datagramsOf(Buffer.alloc(2500, 'x'), 1420)
    assert.deepEqual(
      pieces?.map(piece => [piece.readUInt16BE(0), piece[10], piece[11], piece.length]),
      [
        [0x1e0f, 0, 2, 1420],
        [0x1e0f, 1, 2, 1104],
      ],
    )
    assert.equal(pieces[0].toString('hex', 2, 10), pieces[1].toString('hex', 2, 10))
  })
})

test('options that do not fit are refused', () => {
  const problem = (options: object) => checkGelf(configOf({ url: 'udp://h', ...options }))[0]?.message ?? ''
  assert.match(problem({ tls: {} }), /no effect/)
  assert.match(problem({ shortMessage: '{' }), /is not a template/)
  assert.match(problem({ levelField: 'a.' }), /is not a field/)
})
