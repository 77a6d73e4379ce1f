import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { fileSourceConfig } from './config.ts'
import { openFileSource } from './source.ts'

test('a file that everybody can read is warned of once, until that has been mended', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-file-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const path = join(folder, 'secrets.env')
  await writeFile(path, 'PASSWORD=hunter2\n')
  const decoded = fileSourceConfig.decode({ path })
  assert.ok(decoded.ok)
  const host = fakeHost()
  t.after(() => host.close())
  const source = openFileSource(decoded.value, host)
  const read = async (mode: number) => {
    await chmod(path, mode)
    assert.equal((await source.fetch({ path: 'all' })).data.get('PASSWORD'), 'hunter2')
    // A burst of requests reads the file once.
    host.clock.advance(2000)
  }
  for (const mode of [0o600, 0o644, 0o644, 0o600, 0o604]) await read(mode)
  assert.equal(host.log.records.length, 2)
  assert.match(host.log.records[0]!.message, /can be read by everybody on this machine/)
  assert.doesNotMatch(JSON.stringify(host.log.records), /hunter2/)
})

test('bytes are refused, with where they can be', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-file-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  await writeFile(join(folder, 'a'), Buffer.from([255, 254]))
  const decoded = fileSourceConfig.decode({ path: join(folder, 'a') })
  assert.ok(decoded.ok)
  const host = fakeHost()
  t.after(() => host.close())
  const source = openFileSource(decoded.value, host)
  await assert.rejects(source.fetch({ path: 'value' }), { reason: 'invalid', message: /no text in UTF-8/ })
})
