import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { compare } from 'bcryptjs'
import type { Value } from '../../../../wire/gotemplate/value.ts'
import type { Asking } from '../content.ts'
import { openContent } from '../open-content.ts'

/** Makes a text pass by pass, as a rendition does. */
async function made(template: string, kept = new Map<string, Value | undefined>()): Promise<string> {
  const content = await openContent(
    { template, missingKey: 'error', maxSizeBytes: 1 << 20, programs: false },
    'a.conf',
    { sources: [], env: {}, now: () => Date.now() },
  )
  for (;;) {
    const waiting: Promise<unknown>[] = []
    const asking = {
      later: (key: string, make: () => Promise<Value>) => {
        if (!kept.has(key)) waiting.push(make().then(value => kept.set(key, value)))
        return kept.get(key)
      },
    } as unknown as Asking
    let bytes: Uint8Array | undefined
    let failure: unknown
    try {
      bytes = content.make(asking)
    } catch (error) {
      failure = error
    }
    if (waiting.length > 0) await Promise.all(waiting)
    else if (failure !== undefined) throw failure
    else return Buffer.from(bytes!).toString()
  }
}

const pems = (text: string) =>
  text.match(/-----BEGIN [A-Z0-9 ]+-----[\s\S]*?-----END [A-Z0-9 ]+-----\n/g) ?? []

function openssl(args: readonly string[], files: Readonly<Record<string, string>>): string {
  const cwd = mkdtempSync(join(tmpdir(), 'outrigger-keys-'))
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
    return execFileSync('openssl', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } finally {
    rmSync(cwd, { recursive: true })
  }
}

for (const [kind, label, words] of [
  ['', 'RSA PRIVATE KEY', /4096 bit/],
  ['rsa', 'RSA PRIVATE KEY', /4096 bit/],
  ['dsa', 'DSA PRIVATE KEY', /2048 bit/],
  ['ecdsa', 'EC PRIVATE KEY', /prime256v1/],
  ['ed25519', 'PRIVATE KEY', /ED25519/i],
] as const)
  test(`genPrivateKey ${kind || 'of no kind'} is a key that OpenSSL reads`, async () => {
    const key = await made(`{{ sprig_genPrivateKey "${kind}" }}`)
    assert.ok(key.startsWith(`-----BEGIN ${label}-----\n`), key.slice(0, 40))
    assert.match(openssl(['pkey', '-in', 'key', '-noout', '-text', '-check'], { key }), words)
  })

test('a kind of keys that is not known is told in the text, as sprig does', async () =>
  assert.equal(await made('{{ sprig_genPrivateKey "odd" }}'), 'Unknown type odd'))

const SIGNED = `{{ $ca := sprig_genCA "a root" 365 }}{{ $ca.Cert }}{{ $ca.Key }}
{{- $c := sprig_genSignedCert "shop" (sprig_list "127.0.0.1" "::1") (sprig_list "shop.internal" "*.shop") 30 $ca }}{{ $c.Cert }}{{ $c.Key }}`

test('a signed certificate is one of its authority, with its names and addresses', async () => {
  const [ca, caKey, leaf, key] = pems(await made(SIGNED)) as [string, string, string, string]
  assert.match(
    openssl(['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca', 'leaf'], { ca, leaf }),
    /OK/,
  )
  const [root, own] = [new X509Certificate(ca), new X509Certificate(leaf)]
  assert.equal(root.ca, true)
  assert.equal(own.ca, false)
  assert.equal(root.subject, 'CN=a root')
  assert.equal(own.subject, 'CN=shop')
  assert.equal(
    own.subjectAltName,
    'DNS:shop.internal, DNS:*.shop, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
  assert.equal(root.checkPrivateKey((await import('node:crypto')).createPrivateKey(caKey)), true)
  assert.equal(own.checkPrivateKey((await import('node:crypto')).createPrivateKey(key)), true)
  const days = (own.validToDate.getTime() - own.validFromDate.getTime()) / 86_400_000
  assert.equal(Math.round(days), 30)
})

for (const kind of ['rsa', 'ecdsa', 'ed25519'])
  test(`certificates for keys of one's own of the kind ${kind} are valid`, async () => {
    const text = await made(`{{ $k := sprig_genPrivateKey "${kind}" }}{{ $l := sprig_genPrivateKey "ecdsa" }}
{{- if and $k $l }}{{ $ca := sprig_genCAWithKey "a root" 30 $k }}{{ $c := sprig_genSignedCertWithKey "shop" nil (sprig_list "shop") 30 $ca $l }}
{{- $s := sprig_genSelfSignedCertWithKey "alone" nil nil 30 $k }}{{ $ca.Cert }}{{ $c.Cert }}{{ $s.Cert }}{{ end }}`)
    const [ca, leaf, alone] = pems(text) as [string, string, string]
    assert.match(openssl(['verify', '-CAfile', 'ca', 'leaf'], { ca, leaf }), /OK/)
    assert.match(openssl(['verify', '-CAfile', 'alone', 'alone'], { alone }), /OK/)
  })

test('calls that are equal make different keys, and the next pass makes none anew', async () => {
  const kept = new Map<string, Value | undefined>()
  const template = '{{ sprig_genPrivateKey "ecdsa" }}{{ sprig_genPrivateKey "ecdsa" }}'
  const text = await made(template, kept)
  const [one, other] = pems(text)
  assert.notEqual(one, other)
  assert.equal(await made(template, kept), text)
})

test('hashes of bcrypt are such of the password, and are kept while it stays', async () => {
  const kept = new Map<string, Value | undefined>()
  const line = await made('{{ sprig_htpasswd "user" "pass" }}', kept)
  assert.match(line, /^user:\$2a\$10\$.{53}$/)
  assert.ok(await compare('pass', line.slice(5)))
  assert.ok(await compare('pass', await made('{{ sprig_bcrypt "pass" }}')))
  assert.equal(await made('{{ sprig_htpasswd "user" "pass" }}', kept), line)
  assert.ok(![...kept.keys()].some(key => key.includes('pass')), 'no key shows what was hashed')
})

const PROBLEMS: [string, RegExp][] = [
  ['{{ sprig_genSignedCert "x" nil nil 1 "no ca" }}', /expected a certificate authority/],
  [
    '{{ sprig_genSelfSignedCert "x" (sprig_list "no-address") nil 1 }}',
    /unable to create an IP address from "no-address"/,
  ],
  ['{{ sprig_genSelfSignedCert "x" (sprig_list 1) nil 1 }}', /error parsing ip: is not a string/],
  ['{{ sprig_genCAWithKey "x" 1 "no key" }}', /no private key in PEM form/],
]
for (const [template, message] of PROBLEMS)
  test(`${template} says why not`, () => assert.rejects(made(template), message))

test('what sprig tells in the text is told there', async () => {
  assert.equal(await made('{{ sprig_htpasswd "a:b" "c" }}'), 'invalid username: a:b')
  assert.match(await made(`{{ sprig_bcrypt "${'x'.repeat(73)}" }}`), /exceeds 72 bytes/)
})
