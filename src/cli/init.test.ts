import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { look } from './init/findings.ts'
import { type Format, firstConfiguration } from './init/first-configuration.ts'
import { guessFormat } from './init/guess-format.ts'
import { type FakeIo, fakeIo } from './io-fake.ts'
import { main } from './main.ts'

async function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-init-'))
  t.after(() => rm(cwd, { recursive: true, force: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true })
    await writeFile(join(cwd, name), text)
  }
  return cwd
}

const lines: [string, Format][] = [
  ['{"level":"info","msg":"started"}', 'json'],
  ['{"log":"hello\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}', 'docker'],
  ['2026-01-02T03:04:05.678901234Z stdout F hello', 'cri'],
  ['time=2026-01-02T03:04:05Z level=info msg="it works"', 'logfmt'],
  ['127.0.0.1 - - [02/Jan/2026:03:04:05 +0000] "GET /?a=b HTTP/1.1" 200 5', 'raw'],
  ['\n\n{"a":1}', 'json'],
  ['', 'raw'],
]

for (const [line, format] of lines) {
  test(`takes ${JSON.stringify(line)} for ${format}`, () => assert.equal(guessFormat(line), format))
}

test('finds log files and their format, the start command, and an Elasticsearch in a Compose file', async t => {
  const cwd = await folder(t, {
    'logs/access.log': 'a=1 b=2 c=3\n',
    'package.json': '{"scripts":{"start":"node server.js --port=80"}}',
    'compose.yaml':
      'services: { search: { image: "docker.elastic.co/elasticsearch/elasticsearch:9.0.0", ports: ["127.0.0.1:9201:9200"] } }',
  })
  const { choices } = await look(cwd, {})
  assert.deepEqual(
    { ...choices, dataDir: undefined },
    {
      paths: ['./logs/*.log'],
      format: 'logfmt',
      output: 'http://localhost:9201',
      command: ['node', 'server.js', '--port=80'],
      kubernetes: false,
      dataDir: undefined,
    },
  )
})

test('takes the format from the first log file that has a line', async t => {
  const cwd = await folder(t, { 'logs/a.log': '', 'logs/b.log': 'GET / 200\n', 'logs/c.log': '{"a":1}\n' })
  assert.equal((await look(cwd, {})).choices.format, 'raw')
})

test('finds nothing in files that are not what their names say', async t => {
  const cwd = await folder(t, { 'package.json': '{', 'compose.yaml': '{', 'logs/a.txt': '' })
  const { choices } = await look(cwd, {})
  assert.equal(choices.output, 'store')
  assert.equal(choices.command, undefined)
})

test('takes no start command that needs a shell', async t => {
  const { choices } = await look(await folder(t, { 'package.json': '{"scripts":{"start":"a && b"}}' }), {})
  assert.equal(choices.command, undefined)
})

for (const output of ['store', 'stdout', 'https://es:9200']) {
  for (const kubernetes of [true, false]) {
    test(`what is written for ${output}${kubernetes ? ' in a pod' : ''} passes outrigger check`, async t => {
      const text = firstConfiguration({
        paths: ['*.log', '/var/log/app/{a,b}.log'],
        format: 'json',
        output,
        kubernetes,
        dataDir: './data',
        command: ['node', 'a b.js'],
      })
      const io = fakeIo({ cwd: await folder(t, { 'outrigger.yaml': text }) })
      assert.equal(await main(['check'], io), 0, io.stderr.text)
    })
  }
}

test('does not overwrite a file unless it is told to', async t => {
  const cwd = await folder(t, { 'outrigger.yaml': 'mine' })
  const careful = fakeIo({ cwd })
  assert.equal(await main(['init', '--yes'], careful), 2)
  assert.match(careful.stderr.text, /cannot write outrigger\.yaml: it exists already; --force overwrites it/)
  assert.equal(await readFile(join(cwd, 'outrigger.yaml'), 'utf8'), 'mine')
  assert.equal(await main(['init', '--yes', '--force'], fakeIo({ cwd })), 0)
  assert.match(await readFile(join(cwd, 'outrigger.yaml'), 'utf8'), /^# Configuration of Outrigger/)
})

test('writes to another file, or to standard output', async t => {
  const cwd = await folder(t)
  assert.equal(await main(['init', '--yes', '-o', 'deep/a.yaml'], fakeIo({ cwd })), 0)
  const io = fakeIo({ cwd })
  assert.equal(await main(['init', '--yes', '-o', '-'], io), 0)
  assert.equal(io.stdout.text, await readFile(join(cwd, 'deep/a.yaml'), 'utf8'))
})

test('asks in a terminal, asks again when an answer does not fit, and takes what was found for an empty one', async t => {
  const cwd = await folder(t)
  const io = terminal(cwd)
  const done = main(['init', '-o', '-'], io)
  io.stdin.write('/srv/a.log /srv/b.log\nxml\nraw\n\n')
  assert.equal(await done, 0)
  assert.match(io.stdout.text, /- \/srv\/a\.log\n +- \/srv\/b\.log\n[\s\S]*format: raw\n[\s\S]*- store:/)
})

test('writes nothing when the answers end early', async t => {
  const cwd = await folder(t)
  const io = terminal(cwd)
  const done = main(['init'], io)
  io.stdin.end('/srv/a.log\n')
  assert.equal(await done, 1)
  await assert.rejects(readFile(join(cwd, 'outrigger.yaml')), { code: 'ENOENT' })
})

function terminal(cwd: string): FakeIo {
  const io = fakeIo({ cwd })
  io.stdin.isTTY = true
  return { ...io, stderr: Object.assign(io.stderr, { isTTY: true }) }
}
