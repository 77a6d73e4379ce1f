import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bitString, element, objectIdentifier, sequence, smallInteger, tagged, utf8String } from './encode.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const cases: [string, Uint8Array, string][] = [
  ['an object identifier', objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
  ['an integer', smallInteger(0), '020100'],
  ['a sequence', sequence(smallInteger(1), smallInteger(2)), '3006020101020102'],
  ['an empty sequence', sequence(), '3000'],
  ['a bit string', bitString(Uint8Array.of(0xa5)), '030200a5'],
  ['text', utf8String('é'), '0c02c3a9'],
  ['a constructed tag', tagged(0, smallInteger(3), true), 'a003020103'],
  ['a primitive tag', tagged(6, Uint8Array.of(0x61), false), '860161'],
]
for (const [what, bytes, expected] of cases) test(what, () => assert.equal(hex(bytes), expected))

for (const [length, expected] of [
  [127, '047f'],
  [128, '048180'],
  [255, '0481ff'],
  [256, '04820100'],
  [70_000, '0483011170'],
] as const) {
  test(`a length of ${length} bytes`, () => {
    const bytes = element(4, new Uint8Array(length))
    assert.equal(hex(bytes.subarray(0, expected.length / 2)), expected)
    assert.equal(bytes.length, expected.length / 2 + length)
  })
}
