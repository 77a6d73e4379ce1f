import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from './writer.ts'

describe('a text that is written as JSON', () => {
  it('is read back as it was, short or long, plain or not, in UTF-8', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\0', 'é', '€') }),
      fc.string({ minLength: 500, maxLength: 1100, unit: 'grapheme-ascii' }),
    )
    const property = fc.property(text, text, (before, text) => {
      const out = new ByteWriter(8)
      out.text(before, 'utf8')
      const start = out.length
      out.text(text, 'utf8')
      assert.equal(JSON.parse(out.bytes.toString('utf8', 0, start)), before)
      assert.equal(JSON.parse(out.bytes.toString('utf8', start, out.length)), text)
    })
    fc.assert(property)
  })

  it('keeps its bytes in latin1', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      const out = new ByteWriter(8)
      out.text(Buffer.from(bytes).toString('latin1'), 'latin1')
      const text = JSON.parse(out.bytes.toString('latin1', 0, out.length)) as string
      assert.deepEqual(Buffer.from(text, 'latin1'), Buffer.from(bytes))
    })
    fc.assert(property)
  })
})
