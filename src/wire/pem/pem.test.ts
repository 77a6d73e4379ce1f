import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodePem, pemBlocks } from './pem.ts'

test('what was encoded is found again, whatever stands around it', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 4 }), parts => {
      const text = parts.map(part => `# subject\n${encodePem('CERTIFICATE', part)}`).join('')
      assert.deepEqual(
        pemBlocks(text).map(block => [...block.der]),
        parts.map(part => [...part]),
      )
      for (const line of text.split('\n')) assert.ok(line.length <= 64)
    }),
  )
})

test('a block whose ends differ is none', () => {
  assert.deepEqual(pemBlocks('-----BEGIN A-----\nAA==\n-----END B-----\n'), [])
})
