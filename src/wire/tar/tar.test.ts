import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readTar, TarError } from './tar.ts'

const LIMITS = { maxFiles: 100, maxBytes: 1024 * 1024 }
const LONG = `${'folder-with-a-long-name/'.repeat(8)}entry.yaml`

/** As the real program writes it. */
function archive(format: string, files: Readonly<Record<string, string>>, link = false): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-tar-'))
  try {
    const inside = join(folder, 'in')
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(inside, name)), { recursive: true })
      writeFileSync(join(inside, name), text)
    }
    if (link) symlinkSync('/etc/passwd', join(inside, 'link.yaml'))
    execFileSync('tar', ['-C', inside, `--format=${format}`, '-cf', join(folder, 'a.tar'), '.'])
    return readFileSync(join(folder, 'a.tar'))
  } finally {
    rmSync(folder, { recursive: true, maxRetries: 9 })
  }
}

/** One header, made by hand. */
function header(name: string, type = '0', size = 0): Uint8Array {
  const block = Buffer.alloc(512)
  block.write(name, 0, 100)
  block.write('0000644\0', 100)
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  block.fill(' ', 148, 156)
  block.write(type, 156)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([block, Buffer.alloc(Math.ceil(size / 512) * 512), Buffer.alloc(1024)])
}

describe('an archive', () => {
  const files = { 'a.yaml': 'one', 'sub/b.yaml': 'two\n', 'empty.yaml': '', 'ä.yaml': 'three' }
  for (const format of ['ustar', 'pax', 'gnu'])
    test(`in the format ${format} gives its files`, () => {
      const all = format === 'ustar' ? files : { ...files, [LONG]: 'four' }
      const read = readTar(archive(format, all), LIMITS)
      assert.deepEqual(
        Object.fromEntries(read.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])),
        all,
      )
    })

  const refused: readonly (readonly [what: string, bytes: () => Uint8Array, message: RegExp])[] = [
    ['a symbolic link', () => archive('pax', files, true), /"\.\/link\.yaml" is no plain file/],
    ['a name that leads out', () => header('../../etc/passwd'), /leads out/],
    ['an absolute name', () => header('/etc/passwd'), /leads out/],
    ['a name of Windows', () => header('C:\\x'), /leads out/],
    ['a device', () => header('a', '3'), /no plain file/],
    ['a hard link', () => header('a', '1'), /no plain file/],
    [
      'too many files',
      () => archive('ustar', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`${i}`, 'x']))),
      /more than 100 files/,
    ],
    ['too many bytes', () => archive('ustar', { a: 'x'.repeat(1024 * 1024 + 1) }), /more than 1048576 bytes/],
    [
      'an end in the middle',
      () => archive('ustar', { a: 'x'.repeat(2000) }).subarray(0, 1600),
      /ends in the middle/,
    ],
    ['no end', () => header('a').subarray(0, 512), /has no end/],
    ['something else', () => Buffer.from('x'.repeat(2000)), /no tar archive/],
    ['nothing', () => new Uint8Array(0), /has no end/],
  ]
  for (const [what, bytes, message] of refused)
    test(`with ${what} is refused`, () => assert.throws(() => readTar(bytes(), LIMITS), message))

  test('that is damaged is refused, and nothing worse', () => {
    const good = archive('pax', { 'a.yaml': 'one', [LONG]: 'two' })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        changes => {
          const damaged = Uint8Array.from(good)
          for (const [at, byte] of changes) damaged[at] = byte
          try {
            for (const { name } of readTar(damaged, LIMITS)) assert.doesNotMatch(name, /(^|\/)\.\.(\/|$)|^\//)
          } catch (error) {
            assert.ok(error instanceof TarError, String(error))
          }
        },
      ),
    )
  })
})
