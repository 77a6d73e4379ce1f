import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { readClientTls } from './client-tls.ts'

it('the files of TLS options are read as they are now, and a missing one is an error that names it', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-tls-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const ca = join(folder, 'ca.pem')
  for (const text of ['first', 'second']) {
    await writeFile(ca, text)
    const tls = await readClientTls({ ca, verify: true, serverName: 'shop' })
    assert.deepEqual(tls, { verify: true, ca: Buffer.from(text), serverName: 'shop' })
  }
  await assert.rejects(readClientTls({ ca: join(folder, 'none.pem'), verify: true }), /none\.pem/)
})
