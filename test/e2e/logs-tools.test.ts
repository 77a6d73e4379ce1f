import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fakeIo } from '../../src/cli/io-fake.ts'
import { main } from '../../src/cli/main.ts'
import { eventually, SidecarProcess } from '../chaos/processes.ts'
import { startFakeElasticsearch } from '../fakes/elasticsearch/server.ts'

/** A sidecar whose records go to an Elasticsearch that takes numbers only in the field `took`. */
async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-tools-'))
  const admin = join(folder, 'admin.sock')
  const mappings: Record<string, 'long' | 'date'> = { took: 'long' }
  const documents: Readonly<Record<string, unknown>>[] = []
  const onDocument = ({ source }: { source: Readonly<Record<string, unknown>> }) =>
    void documents.push(source)
  const elasticsearch = await startFakeElasticsearch({ mappings, onDocument })
  const config = {
    admin: { listen: `unix:${admin}` },
    dataDir: join(folder, 'data'),
    logs: {
      inputs: [{ tail: { paths: [join(folder, '*.log')], tag: 'shop' } }],
      outputs: [
        { elasticsearch: { url: elasticsearch.url, flushInterval: '20ms' } },
        { file: { path: join(folder, 'out.ndjson'), flushInterval: '20ms' } },
      ],
    },
  }
  const file = join(folder, 'outrigger.yaml')
  await writeFile(file, JSON.stringify(config))
  const sidecar = new SidecarProcess(file)
  sidecar.start()
  t.after(async () => {
    await sidecar.signal('SIGKILL')
    await elasticsearch.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  const command = async (...argv: string[]) => {
    const io = fakeIo({ cwd: folder })
    const code = await main(['logs', ...argv, '--admin', admin], io)
    return { code, out: io.stdout.text, err: io.stderr.text }
  }
  while ((await main(['health', '--admin', admin], fakeIo())) !== 0)
    await new Promise(resolve => setTimeout(resolve, 50))
  const write = (line: string) => appendFile(join(folder, 'app.log'), `${line}\n`)
  return { folder, mappings, documents, command, write }
}

test('a dead letter goes again to the output that refused it, and to no other', async t => {
  const { folder, mappings, documents, command, write } = await world(t)
  const letters = join(folder, 'data/logs/dead-letters.jsonl')
  await write('{"n":1,"took":"long", "exact" :  1.50}')
  await eventually('it is refused', 30_000, () => existsSync(letters) && statSync(letters).size > 0)

  const [refused] = (await readFile(letters, 'utf8')).trim().split('\n')
  assert.match(refused, /"output":"elasticsearch","reason":"[^"]*failed to parse field \[took\]/)
  assert.deepEqual(await command('replay', letters, '--output', 'nowhere'), {
    code: 1,
    out: '',
    err: `outrigger logs replay: ${letters}, from line 1 on: there is no output "nowhere"; there are elasticsearch, file; name one with output=NAME (--output NAME); 0 records were taken before\n`,
  })
  delete mappings['took']
  assert.deepEqual(await command('replay', letters, '--remove'), {
    code: 0,
    out: '1 record is on the way again\n',
    err: '',
  })
  await eventually('it arrives', 30_000, () => documents.length === 1)
  assert.deepEqual([documents[0]['n'], documents[0]['took'], documents[0]['exact']], [1, 'long', 1.5])
  assert.equal(existsSync(letters), false)
  await write('{"n":2}')
  await eventually('the next arrives', 30_000, () => documents.length === 2)
  const shipped = (await readFile(join(folder, 'out.ndjson'), 'utf8')).trim().split('\n')
  assert.deepEqual(
    shipped.map(line => JSON.parse(line).n),
    [1, 2],
  )
})

test('records are followed live while they are taken in, chosen by a condition', async t => {
  const { folder, command, write } = await world(t)
  let following = true
  const followed = command('tail', 'n > 1', '--tag', 'sh*', '--limit', '1').finally(() => {
    following = false
  })
  for (let n = 1; following; n++) {
    await write(`{"n":${n % 3},"message":"hello"}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  const { code, out } = await followed
  assert.equal(code, 0)
  assert.match(out, /^\S+Z {7}hello n=2\n$/)
  assert.match((await command('tail', 'n >')).err, /when: column 4: expected a value/)
  assert.ok(existsSync(join(folder, 'app.log')))
})

test('lines from standard input are shown with what the configuration makes of them', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-trial-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const config = {
    logs: {
      inputs: [{ tail: { paths: ['/var/log/x.log'], format: 'logfmt', tag: 'app.*' } }],
      steps: [{ drop: 'path == "/healthz"' }, { redact: { fields: ['password'] } }],
      outputs: [{ stdout: {} }, { file: { path: '/x', name: 'errors', when: 'status >= 500' } }],
    },
  }
  await writeFile(join(folder, 'outrigger.yaml'), JSON.stringify(config))
  const trial = async (...argv: string[]) => {
    const io = fakeIo({ cwd: folder })
    io.stdin.end('path=/healthz\npath=/x status=503 password=hush\n{{{\n')
    const code = await main(['logs', 'test', '-c', 'outrigger.yaml', ...argv], io)
    return { code, out: io.stdout.text, err: io.stderr.text }
  }
  const { code, out } = await trial()
  assert.equal(code, 0)
  assert.equal(
    out.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'NOW'),
    `1  path=/healthz
   logfmt       {"path":"/healthz"}
   steps[0]     drop path == "/healthz": holds, dropped
2  path=/x status=503 password=hush
   logfmt       {"path":"/x","status":"503","password":"hush"}
   steps[0]     drop path == "/healthz": does not hold, stays
   steps[1]     redact: password: "hush" → "[redacted]"
   →            NOW tag app.stdin
   →            stdout
   →            errors
3  {{{
   logfmt       does not fit: not logfmt: expected key=value at byte 1
   steps[0]     drop path == "/healthz": does not hold, stays
   steps[1]     redact: nothing to do
   →            NOW tag app.stdin
   →            stdout
   →            not to errors
`,
  )
  const [first] = (await trial('--json')).out.split('\n')
  assert.deepEqual(JSON.parse(first).records, [])
  assert.match((await trial('--input', 'x')).err, /--input: expected one of tail, got "x"/)
})

test('a sidecar that does not run is told as what it is', async () => {
  const io = fakeIo()
  assert.equal(await main(['logs', 'replay', '/nowhere', '--admin', '/no.sock'], io), 1)
  assert.match(io.stderr.text, /outrigger logs replay: .*\/nowhere/)
})
