import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type TestAuthority, testAuthority } from '../../../authority/authority-fake.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { fileCertificates } from './file-certificates.ts'

async function write(folder: string, ours: TestAuthority, account: string): Promise<void> {
  const { chain, key } = await ours.pair(account)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'tls.crt'), chain)
  await writeFile(join(folder, 'tls.key'), key)
  await writeFile(join(folder, 'ca.crt'), ours.authority.trustBundle)
}

const filesIn = (folder: string) => ({
  cert: join(folder, 'tls.crt'),
  key: join(folder, 'tls.key'),
  ca: join(folder, 'ca.crt'),
})

async function withFolder(
  run: (folder: string, host: ReturnType<typeof realHost>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
  const host = realHost()
  try {
    await run(folder, host)
  } finally {
    await host.close()
    await rm(folder, { recursive: true, maxRetries: 9 })
  }
}

const realHost = () => fakeHost({ name: 'proxy', clock: systemClock() })

test('a folder that is swapped through a symlink is read anew', async () => {
  await withFolder(async (folder, host) => {
    const ours = await testAuthority()
    await write(join(folder, '..1'), ours, 'one')
    await write(join(folder, '..2'), ours, 'two')
    await symlink('..1', join(folder, '..data'))
    for (const name of ['tls.crt', 'tls.key', 'ca.crt']) await symlink(`..data/${name}`, join(folder, name))
    const source = await fileCertificates(filesIn(folder), host)
    assert.equal(source.current().identity, 'spiffe://example.org/ns/shop/sa/one')
    const changed = new Promise<void>(resolve => void source.onChange(resolve))
    await symlink('..2', join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    await changed
    assert.equal(source.current().identity, 'spiffe://example.org/ns/shop/sa/two')
    assert.ok(!JSON.stringify(host.log.records).includes('PRIVATE KEY'))
  })
})

test('files that do not fit together are told of, and the last good ones stay until they do', async () => {
  await withFolder(async (folder, host) => {
    const ours = await testAuthority()
    await write(folder, ours, 'one')
    const source = await fileCertificates(filesIn(folder), host)
    const one = source.current()
    const { chain, key } = await ours.pair('two')
    await writeFile(join(folder, 'tls.crt'), chain)
    while (host.log.of('certificate_unusable').length === 0)
      await new Promise(resolve => setImmediate(resolve))
    assert.equal(source.current(), one)
    const changed = new Promise<void>(resolve => void source.onChange(resolve))
    await writeFile(join(folder, 'tls.key'), key)
    await changed
    assert.equal(source.current().identity, 'spiffe://example.org/ns/shop/sa/two')
  })
})

for (const [what, spoil, message] of [
  [
    'a missing file',
    (folder: string) => rm(join(folder, 'ca.crt')),
    /identity\.files\.ca: cannot read .*ca\.crt: there is no such file/,
  ],
  [
    'no certificate',
    (folder: string) => writeFile(join(folder, 'tls.crt'), 'x'),
    /identity\.files\.cert: .*tls\.crt holds no certificate/,
  ],
  [
    'no key',
    (folder: string) => writeFile(join(folder, 'tls.key'), 'SECRET'),
    /identity\.files\.key: .*tls\.key holds no private key/,
  ],
  [
    'a key that is broken',
    (folder: string) => writeFile(join(folder, 'tls.key'), '-----BEGIN PRIVATE KEY-----\nSECRET'),
    /the key cannot be read/,
  ],
  [
    'a key of another certificate',
    async (folder: string) => {
      const { key } = await (await testAuthority()).pair('other')
      await writeFile(join(folder, 'tls.key'), key)
    },
    /identity\.files: the key does not belong to the certificate/,
  ],
  [
    'an empty trust bundle',
    (folder: string) => writeFile(join(folder, 'ca.crt'), ''),
    /identity\.files\.ca: .*ca\.crt holds no certificate/,
  ],
] as const)
  test(`at first, ${what} is an error that names the files and nothing secret`, async () => {
    await withFolder(async (folder, host) => {
      await write(folder, await testAuthority(), 'one')
      await spoil(folder)
      await assert.rejects(
        fileCertificates(filesIn(folder), host),
        (error: Error) => message.test(error.message) && !error.message.includes('SECRET'),
      )
    })
  })
