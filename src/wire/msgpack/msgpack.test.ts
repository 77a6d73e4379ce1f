import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { ByteWriter } from '../json/writer.ts'
import { MsgpackError } from './error.ts'
import { MessageFinder } from './finder.ts'
import { writeFromJson } from './from-json.ts'
import { writeJson } from './json.ts'
import { MsgpackReader } from './reader.ts'
import { readValue } from './value.ts'
import { MsgpackWriter } from './writer.ts'

function jsonOf(bytes: Buffer, binary: 'text' | 'base64' = 'text'): string {
  const out = new ByteWriter(16)
  const next = writeJson(new MsgpackReader().open(bytes), 0, out, { binary })
  assert.equal(next, bytes.length)
  return out.bytes.toString('utf8', 0, out.length)
}

function packed(json: string): Buffer {
  const writer = new MsgpackWriter(1)
  const bytes = Buffer.from(json)
  assert.equal(writeFromJson(bytes, 0, bytes.length, writer), bytes.length)
  return Buffer.from(writer.bytes)
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('MessagePack as JSON', () => {
  const cases: [hex: string, json: string][] = [
    ['c0', 'null'],
    ['c2', 'false'],
    ['c3', 'true'],
    ['7f', '127'],
    ['e0', '-32'],
    ['cc ff', '255'],
    ['cd ffff', '65535'],
    ['ce ffffffff', '4294967295'],
    ['cf ffffffffffffffff', '18446744073709551615'],
    ['d0 80', '-128'],
    ['d1 8000', '-32768'],
    ['d2 80000000', '-2147483648'],
    ['d3 8000000000000000', '-9223372036854775808'],
    ['ca 3fc00000', '1.5'],
    ['cb 3ff8000000000000', '1.5'],
    ['cb 7ff8000000000000', 'null'],
    ['cb 7ff0000000000000', 'null'],
    ['a3 61 22 0a', '"a\\"\\n"'],
    ['d9 01 61', '"a"'],
    ['da 0001 61', '"a"'],
    ['db 00000001 61', '"a"'],
    ['c4 02 6869', '"hi"'],
    ['c5 0001 61', '"a"'],
    ['c6 00000001 61', '"a"'],
    ['92 01 90', '[1,[]]'],
    ['dc 0001 01', '[1]'],
    ['dd 00000001 01', '[1]'],
    ['82 a1 61 01 02 80', '{"a":1,"2":{}}'],
    ['de 0001 c0 c0', '{"null":null}'],
    ['df 00000001 c4 01 61 c3', '{"a":true}'],
    ['d7 00 00000001 1dcd6500', '1.5'],
    ['d4 05 ff', '"/w=="'],
    ['d5 05 ffff', '"//8="'],
    ['d6 05 00000000', '"AAAAAA=="'],
    ['d8 05 00000000000000000000000000000000', '"AAAAAAAAAAAAAAAAAAAAAA=="'],
    ['c7 01 05 ff', '"/w=="'],
    ['c8 0001 05 ff', '"/w=="'],
    ['c9 00000001 05 ff', '"/w=="'],
  ]
  for (const [bytes, json] of cases)
    test(`${bytes} is ${json}`, () => {
      assert.equal(jsonOf(hex(bytes)), json)
      assert.equal(new MessageFinder(1000).find(Buffer.concat([hex(bytes), hex('c0')]), 0), hex(bytes).length)
    })

  test('binary values can be base64', () => assert.equal(jsonOf(hex('c4 02 6869'), 'base64'), '"aGk="'))

  test('bytes of a text that are not UTF-8 stay as they are', () => {
    const out = new ByteWriter(4)
    writeJson(new MsgpackReader().open(hex('a1 ff')), 0, out, { binary: 'text' })
    assert.deepEqual(out.bytes.subarray(0, out.length), hex('22 ff 22'))
  })

  const malformed: [name: string, bytes: Buffer][] = [
    ['the unused code', hex('c1')],
    ['nothing', hex('')],
    ['a text that is cut off', hex('a5 61')],
    ['a list of four thousand million', hex('dd ffffffff 01')],
    ['a map of four thousand million', hex('df ffffffff 01')],
    ['a key that is a map', hex('81 80 c0')],
    ['what nests too deep', Buffer.concat([Buffer.alloc(100, 0x91), hex('c0')])],
    ['an extension without a type', hex('d4')],
  ]
  for (const [name, bytes] of malformed)
    test(`refuses ${name}`, () => assert.throws(() => jsonOf(bytes), MsgpackError))

  test('what another library wrote comes back as that library has it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const bytes = Buffer.from(encode(value))
        assert.deepEqual(JSON.parse(jsonOf(bytes)), JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('no bytes make it do anything but end or refuse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        for (const read of [
          () => jsonOf(Buffer.from(bytes)),
          () => readValue(new MsgpackReader().open(Buffer.from(bytes)), 0),
          () => new MessageFinder(1000).find(Buffer.from(bytes), 0),
        ])
          try {
            read()
          } catch (error) {
            assert.ok(error instanceof MsgpackError || error instanceof assert.AssertionError, String(error))
          }
      }),
    )
  })
})

describe('JSON as MessagePack', () => {
  test('another library reads it as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1), (value, indent) => {
        const json = JSON.stringify(value, null, indent)
        fc.pre(!json.includes('__proto__')) // the library refuses this key
        assert.deepEqual(decode(packed(json)), JSON.parse(json))
      }),
    )
  })

  const cases: [json: string, hex: string][] = [
    ['18446744073709551615', 'cf ffffffffffffffff'],
    ['-9223372036854775808', 'd3 8000000000000000'],
    ['9007199254740993', 'cf 0020000000000001'],
    ['-33', 'd0 df'],
    ['1e2', '64'],
    ['"\\u00e9"', 'a2 c3a9'],
  ]
  for (const [json, bytes] of cases)
    test(`${json} is ${bytes}`, () => assert.deepEqual(packed(json), hex(bytes)))

  test('lists and maps may be of any size', () => {
    for (const size of [15, 16, 65_535, 65_536]) {
      const list = Array.from({ length: size }, (_, i) => i)
      assert.deepEqual(decode(packed(JSON.stringify(list))), list)
    }
  })
})

test('the end of a message is found however its bytes are cut', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 7 }), (value, step) => {
      const bytes = Buffer.from(encode(value))
      const finder = new MessageFinder(1 << 20)
      for (let size = step; size < bytes.length; size += step)
        assert.equal(finder.find(bytes.subarray(0, size), 0), -1)
      assert.equal(finder.find(bytes, 0), bytes.length)
      assert.equal(finder.find(Buffer.concat([bytes, bytes]), bytes.length), bytes.length * 2)
    }),
  )
})

test('a message that will be too large is refused as soon as it says so', () => {
  for (const bytes of ['c6 00001000', 'dd 00001000', 'df 00000801', 'db 7fffffff'])
    assert.throws(() => new MessageFinder(4096).find(hex(bytes), 0), MsgpackError)
})
