import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { readClientTls } from './client-tls.ts'

it('the files of TLS options are read as they are now, and a missing one is an error that names it', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-tls-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const ca = join(folder, 'ca.pem')
  for (const name of ['first', 'second']) {
    const text = `-----BEGIN CERTIFICATE-----${name}`
    await writeFile(ca, text)
    const tls = await readClientTls({ mode: 'simple', ca, verify: true, serverName: 'shop' })
    assert.deepEqual(tls, { verify: true, ca: text, serverName: 'shop' })
  }
  await assert.rejects(
    readClientTls({ mode: 'simple', ca: join(folder, 'none.pem'), verify: true }),
    /tls\.ca: cannot read .*none\.pem/,
  )
})
