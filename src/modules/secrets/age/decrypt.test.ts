import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { missing } from '../../../../test/fakes/programs.ts'
import { AgeError } from '../../../wire/age/error.ts'
import { decryptAge } from './decrypt.ts'
import { parseIdentities } from './identity.ts'

const fixture = (name: string) => readFile(join(import.meta.dirname, 'fixtures', name))
const isAgeError = (reason: AgeError['reason']) => (error: unknown) => {
  assert.ok(error instanceof AgeError, String(error))
  assert.equal(error.reason, reason)
  return true
}

test('a passphrase opens a file that was made with it, and no other does', async () => {
  const file = await fixture('passphrase.yaml.age')
  const content = await decryptAge(file, [{ kind: 'passphrase', text: 'correct horse' }])
  assert.equal(content.toString(), 'user: app\npassword: planted\n')
  await assert.rejects(decryptAge(file, [{ kind: 'passphrase', text: 'wrong' }]), isAgeError('no_key'))
  const keys = parseIdentities((await fixture('key.txt')).toString())
  await assert.rejects(decryptAge(file, keys), /it was made for a passphrase, and none of ours opens it/)
})

test('work that would take all memory is refused', async () => {
  const text = Buffer.from(
    (await fixture('passphrase.yaml.age')).toString().split('\n').slice(1, -2).join(''),
    'base64',
  )
  const costly = Buffer.from(text.toString('latin1').replace(/(-> scrypt \S+) 12/, '$1 40'), 'latin1')
  await assert.rejects(
    decryptAge(costly, [{ kind: 'passphrase', text: 'x' }]),
    /asks for more work than is done here/,
  )
})

const keys: [string, RegExp][] = [
  ['', /there is no AGE-SECRET-KEY-1… among the keys/],
  ['# only a comment\n', /there is no AGE-SECRET-KEY-1…/],
  ['\nhunter2\n', /^line 2 of the keys is no AGE-SECRET-KEY-1…/],
  ['AGE-PLUGIN-YUBIKEY-1QQPZ', /^line 1 of the keys/],
]
for (const [text, message] of keys)
  test(`the keys ${JSON.stringify(text)} are refused, and not shown`, () =>
    assert.throws(
      () => parseIdentities(text),
      (error: Error) => {
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /hunter2|YUBIKEY/)
        return true
      },
    ))

describe('what the program age writes is read', { skip: missing('age', 'age-keygen') }, () => {
  let folder = ''
  const made: { key: string; recipient: string }[] = []
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outrigger-age-'))
    for (let n = 0; n < 2; n++) {
      const { stdout } = await promisify(execFile)('age-keygen')
      made.push({ key: stdout, recipient: /public key: (\S+)/.exec(stdout)![1]! })
    }
  })
  after(() => rm(folder, { recursive: true, maxRetries: 9 }))

  const encrypt = async (content: Buffer, ...args: string[]): Promise<Buffer> => {
    const age = spawn('age', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    age.stdout.on('data', chunk => chunks.push(chunk))
    age.stdin.end(content)
    await once(age, 'close')
    return Buffer.concat(chunks)
  }
  const identities = (n: number) => parseIdentities(made[n]!.key)

  for (const bytes of [0, 1, 65_535, 65_536, 65_537, 200_000])
    test(`${bytes} bytes, armored and not`, async () => {
      const content = randomBytes(bytes)
      for (const args of [[], ['-a']]) {
        const file = await encrypt(content, ...args, '-r', made[0]!.recipient)
        assert.deepEqual(await decryptAge(file, identities(0)), content)
      }
    })

  test('one of several keys opens a file for several', async () => {
    const file = await encrypt(Buffer.from('x'), '-r', made[0]!.recipient, '-r', made[1]!.recipient)
    assert.equal((await decryptAge(file, identities(1))).toString(), 'x')
    assert.equal((await decryptAge(file, [...identities(1), ...identities(0)])).toString(), 'x')
  })

  test('another key does not', async () => {
    const file = await encrypt(Buffer.from('x'), '-r', made[0]!.recipient)
    await assert.rejects(decryptAge(file, identities(1)), isAgeError('no_key'))
  })

  test('a change of any byte, and every cut, is noticed', async () => {
    const file = await encrypt(Buffer.from('secret'), '-r', made[0]!.recipient)
    for (let place = 0; place < file.length; place++) {
      const bad = Buffer.from(file)
      bad[place]! ^= 1
      await assert.rejects(decryptAge(bad, identities(0)), AgeError, `byte ${place}`)
      await assert.rejects(decryptAge(file.subarray(0, place), identities(0)), AgeError, `cut at ${place}`)
    }
    await assert.rejects(decryptAge(Buffer.concat([file, Buffer.from('x')]), identities(0)), AgeError)
  })

  test('whole chunks cannot be cut off', async () => {
    const file = await encrypt(randomBytes(3 * 65_536), '-r', made[0]!.recipient)
    const chunk = 65_536 + 16
    for (const chunks of [1, 2])
      await assert.rejects(
        decryptAge(file.subarray(0, file.length - chunks * chunk), identities(0)),
        AgeError,
      )
  })
})
