import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ByteWriter } from './byte-writer.ts'
import { Http2Error } from './error.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { decodeHuffman, encodeHuffman, huffmanBytes } from './huffman.ts'

const UNLIMITED = 2 ** 20
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

function encode(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const out = new ByteWriter(Buffer.alloc(1))
  encoder.begin(out)
  for (let at = 0; at < fields.length; at += 2) encoder.field(out, fields[at]!, fields[at + 1]!)
  return out.bytes.subarray(0, out.at)
}

const get = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com']
const getNoCache = [...get, 'cache-control', 'no-cache']
const getCustom = [
  ...[':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'],
  ...['custom-key', 'custom-value'],
]
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const answer = (status: string, second: string): string[] => [
  ...[':status', status, 'cache-control', 'private', 'date', `Mon, 21 Oct 2013 20:13:${second} GMT`],
  ...['location', 'https://www.example.com'],
]
const answers = [
  answer('302', '21'),
  answer('307', '21'),
  [...answer('200', '22'), 'content-encoding', 'gzip', 'set-cookie', cookie],
]

/** RFC 7541 appendix C: one row a connection. */
const vectors: [section: string, tableBytes: number, blocks: string[], lists: string[][]][] = [
  [
    'C.2.1 literal with indexing',
    4096,
    ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'],
    [['custom-key', 'custom-header']],
  ],
  [
    'C.2.2 literal without indexing',
    4096,
    ['040c 2f73 616d 706c 652f 7061 7468'],
    [[':path', '/sample/path']],
  ],
  ['C.2.3 never indexed', 4096, ['1008 7061 7373 776f 7264 0673 6563 7265 74'], [['password', 'secret']]],
  ['C.2.4 indexed', 4096, ['82'], [[':method', 'GET']]],
  [
    'C.3 requests',
    4096,
    [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    [get, getNoCache, getCustom],
  ],
  [
    'C.4 requests with Huffman',
    4096,
    [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
    [get, getNoCache, getCustom],
  ],
  [
    'C.5 responses, with eviction',
    256,
    [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
       3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
       7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
       6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    ],
    answers,
  ],
  [
    'C.6 responses with Huffman, with eviction',
    256,
    [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
       1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
       e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
    answers,
  ],
]

describe('HPACK', () => {
  for (const [section, tableBytes, blocks, lists] of vectors)
    test(`reads RFC 7541 ${section}`, () => {
      const decoder = new HpackDecoder(tableBytes, UNLIMITED)
      assert.deepEqual(
        blocks.map(block => decoder.decode(hex(block))),
        lists,
      )
    })

  test('writes the blocks of RFC 7541 C.4', () => {
    const encoder = new HpackEncoder()
    const [, , blocks, lists] = vectors.find(([section]) => section.startsWith('C.4'))!
    // The last list has /index.html and custom fields; all of it is indexed or in the tables.
    assert.deepEqual(
      lists.map(list => encode(encoder, list).toString('hex')),
      blocks.map(block => hex(block).toString('hex')),
    )
  })

  test('what one side writes the other reads, whatever the table sizes on the way', () => {
    const name = fc.constantFrom(
      ':path',
      'x-a',
      'cookie',
      'content-type',
      'authorization',
      'x-longer-name',
      'vary',
    )
    const value = fc.oneof(
      fc.constantFrom('', '/', 'text/html', 'a'.repeat(100)),
      fc.string({ unit: fc.nat(255).map(code => String.fromCharCode(code)), maxLength: 200 }),
    )
    const block = fc.record({
      fields: fc.array(fc.tuple(name, value), { maxLength: 12 }).map(pairs => pairs.flat()),
      tableBytes: fc.option(fc.constantFrom(0, 60, 200, 4096, 100_000), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(block, { maxLength: 30 }), blocks => {
        const encoder = new HpackEncoder()
        const decoder = new HpackDecoder(100_000, UNLIMITED)
        for (const { fields, tableBytes } of blocks) {
          if (tableBytes !== undefined) encoder.setMaxTableBytes(tableBytes)
          assert.deepEqual(decoder.decode(encode(encoder, fields)), fields)
        }
      }),
    )
  })

  test('an entry that was evicted hundreds of times over is still found by the right number', () => {
    const encoder = new HpackEncoder()
    const decoder = new HpackDecoder(4096, UNLIMITED)
    for (let count = 0; count < 2000; count++) {
      const fields = ['x-count', String(count), 'x-same', 'same', 'x-count', String(count)]
      assert.deepEqual(decoder.decode(encode(encoder, fields)), fields)
    }
  })

  test('a changed table size is told once, the smallest first', () => {
    const encoder = new HpackEncoder()
    encoder.setMaxTableBytes(0)
    encoder.setMaxTableBytes(4096)
    assert.equal(encode(encoder, []).toString('hex'), '203fe11f')
    assert.equal(encode(encoder, []).length, 0)
  })

  test('secrets never enter a table', () => {
    const encoder = new HpackEncoder()
    for (const name of ['authorization', 'cookie', 'set-cookie', 'proxy-authorization']) {
      const block = encode(encoder, [name, 'secret'])
      assert.equal(block[0]! & 0xf0, 0x10)
      assert.deepEqual(encode(encoder, [name, 'secret']), block)
    }
  })

  test('a list above the limit is not kept, and the next block still reads right', () => {
    const encoder = new HpackEncoder()
    const decoder = new HpackDecoder(4096, 200)
    const large = ['x-one', 'a'.repeat(80), 'x-two', 'b'.repeat(100)]
    assert.deepEqual(decoder.decode(encode(encoder, large)), large.slice(0, 2))
    assert.equal(decoder.tooLarge, true)
    assert.deepEqual(decoder.decode(encode(encoder, large.slice(2))), large.slice(2))
    assert.equal(decoder.tooLarge, false)
  })

  const broken: [what: string, block: string][] = [
    ['index 0', '80'],
    ['an index beyond both tables', 'be'],
    ['a name beyond both tables', '7e0161'],
    ['an integer that is cut short', 'ffff'],
    ['an integer above 2^28', 'ffffffffff7f'],
    ['an endless integer of zeros', 'ff808080808000'],
    ['a string that is cut short', '400a6375'],
    ['a value that is missing', '400161'],
    ['a table size above the allowed', '3fe21f'],
    ['a table size after a field', '8220'],
    ['EOS within a string', '008461ffffffff'.replace('61', 'ff')],
    ['padding of more than seven bits', '0082f8ff0161'.replace('f8', '1f')],
    ['padding that is not ones', '0081000161'],
  ]
  for (const [what, block] of broken)
    test(`refuses ${what}`, () => {
      assert.throws(() => new HpackDecoder(4096, UNLIMITED).decode(hex(block)), {
        name: 'Http2Error',
        code: 'COMPRESSION_ERROR',
      })
    })

  test('bytes by chance are read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), blocks => {
        const decoder = new HpackDecoder(4096, 4096)
        try {
          for (const block of blocks) decoder.decode(Buffer.from(block))
        } catch (error) {
          assert.ok(error instanceof Http2Error)
          assert.equal(error.code, 'COMPRESSION_ERROR')
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('every byte survives the Huffman code, at every place', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(255).map(code => String.fromCharCode(code)) }), text => {
        const bytes = Buffer.alloc(huffmanBytes(text) + 4)
        const end = encodeHuffman(text, bytes, 2)
        assert.equal(end, 2 + huffmanBytes(text))
        assert.equal(decodeHuffman(bytes, 2, end), text)
      }),
    )
  })
})
