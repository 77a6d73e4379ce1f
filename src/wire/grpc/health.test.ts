import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeHealthStatus, encodeHealthCheck } from './health.ts'

const framed = (...message: number[]) => Uint8Array.of(0, 0, 0, 0, message.length, ...message)

describe('a gRPC health check', () => {
  for (const [service, hex] of [
    ['', '0000000000'],
    ['shop', '00000000060a0473686f70'],
    ['é', '00000000040a02c3a9'],
    ['x'.repeat(200), `00000000cb0ac801${'78'.repeat(200)}`],
  ] as const)
    it(`asks for ${service.slice(0, 10) || 'the whole server'}`, () =>
      assert.equal(Buffer.from(encodeHealthCheck(service)).toString('hex'), hex))

  for (const [name, bytes, status] of [
    ['an empty message has the default', framed(), 'UNKNOWN'],
    ['serving', framed(0x08, 1), 'SERVING'],
    ['not serving', framed(0x08, 2), 'NOT_SERVING'],
    ['a service that is not there', framed(0x08, 3), 'SERVICE_UNKNOWN'],
    ['a long form of the number', framed(0x08, 0x81, 0x00), 'SERVING'],
    ['the last value counts', framed(0x08, 2, 0x08, 1), 'SERVING'],
    [
      'fields of later versions are passed over',
      framed(0x12, 2, 9, 9, 0x18, 0x80, 1, 0x25, 0, 0, 0, 0, 0x29, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 1),
      'SERVING',
    ],
    ['a status of later versions', framed(0x08, 77), undefined],
    ['nothing', Uint8Array.of(), undefined],
    ['a frame cut short', Uint8Array.of(0, 0, 0, 0, 2, 0x08), undefined],
    ['two messages', Uint8Array.of(...framed(0x08, 1), ...framed()), undefined],
    ['a compressed message that nobody asked for', Uint8Array.of(1, 0, 0, 0, 2, 0x08, 1), undefined],
    ['a number without end', framed(0x08, 0xff), undefined],
    ['a text longer than the message', framed(0x12, 9, 1), undefined],
    ['a group', framed(0x0b), undefined],
    ['field 0', framed(0x00, 1), undefined],
  ] as const)
    it(`is read: ${name}`, () => assert.equal(decodeHealthStatus(bytes), status))

  it('is read from a slice as from a whole buffer, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer({ min: 0, max: 9 }), (message, before) => {
        const whole = framed(...message)
        const wide = new Uint8Array(before + whole.length)
        wide.set(whole, before)
        assert.equal(decodeHealthStatus(wide.subarray(before)), decodeHealthStatus(whole))
      }),
    )
  })
})
