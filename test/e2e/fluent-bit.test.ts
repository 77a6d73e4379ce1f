// `outrigger as fluent-bit` as a real process: its log, its HTTP API, its signals, its exit codes.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { startFakeCloudwatch } from '../fakes/cloudwatch/server.ts'
import { startFakeElasticsearch } from '../fakes/elasticsearch/server.ts'
import { freePort } from '../fakes/free-port.ts'
import { missing } from '../fakes/programs.ts'
import { startPrometheus } from '../fakes/prometheus/server.ts'

const launcher = join(import.meta.dirname, '../../bin/outrigger.js')
const PATIENCE_MS = 50_000

interface Started {
  readonly process: ChildProcess
  readonly folder: string
  /** All that it has printed, on both streams. */
  output(): string
  /** Its exit code, when it ends by itself. */
  ended(): Promise<number | null>
  /** Until the output holds this. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  end(signal?: NodeJS.Signals): Promise<number | null>
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-fb-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

/** Every `@FOLDER@` in the files becomes the folder that they stand in. */
async function start(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  /** The file that is its standard input. */
  input?: string,
): Promise<Started> {
  const folder = await folderOf(t)
  for (const [name, text] of Object.entries(files))
    await writeFile(join(folder, name), text.replaceAll('@FOLDER@', folder))
  const link = join(folder, 'fluent-bit')
  await symlink(launcher, link)
  const child = spawn(process.execPath, [link, ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input === undefined ? '' : files[input])
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  const exited = once(child, 'close').then(([code]) => code as number | null)
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', more => (text += more))
  return {
    process: child,
    folder,
    output: () => text,
    ended: () => exited,
    async until(pattern) {
      const deadline = Date.now() + PATIENCE_MS
      for (;;) {
        const found = pattern.exec(text)
        if (found) return found
        if (Date.now() > deadline || child.exitCode !== null) throw new Error(`no ${pattern} in:\n${text}`)
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null) child.kill(signal)
      return exited
    },
  }
}

const service = (port: number) => `service:
  flush: 0.2
  grace: 1
  http_server: on
  http_listen: 127.0.0.1
  http_port: ${port}
  storage.path: @FOLDER@/state
`

/** HTTP/2 without TLS, by prior knowledge. */
async function overHttp2(port: number, path: string): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  try {
    const request = session.request({ ':path': path })
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    return body
  } finally {
    session.close()
  }
}

describe('outrigger as fluent-bit', () => {
  test('runs a pipeline, tells of it as Fluent Bit does, and ends with 0 at SIGTERM', async t => {
    const port = await freePort()
    const run = await start(
      t,
      {
        'fluent-bit.yaml': `${service(port)}pipeline:
  inputs:
    - { name: dummy, tag: app.logs, dummy: '{"message":"hello","n":1}', rate: 20 }
    - { name: dummy, alias: other, dummy: '{"message":"noise"}', rate: 20 }
  filters:
    - { name: grep, match: '*', exclude: message noise }
  outputs:
    - { name: stdout, match: '*' }
`,
      },
      ['-c', 'fluent-bit.yaml'],
    )
    await run.until(/^\[0\] app\.logs: \[\[\d+\.\d{9}, \{\}\], \{"message"=>"hello", "n"=>1\}\]$/m)
    await run.until(/^\[\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\] \[ info\] \[fluent bit\] version=/m)
    const get = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
      return { status: response.status, text: await response.text() }
    }
    const json = async (path: string) => JSON.parse((await get(path)).text)
    assert.ok((await json('/'))['fluent-bit'].version)
    assert.ok((await json('/api/v1/uptime')).uptime_sec >= 0)
    const { input, filter, output } = await json('/api/v1/metrics')
    assert.ok(input['dummy.0'].records > 0 && input.other.bytes > 0)
    assert.ok(filter['grep.0'].drop_records > 0)
    assert.ok(output['stdout.0'].proc_records > 0)
    for (const version of [1, 2]) {
      const { text } = await get(`/api/v${version}/metrics/prometheus`)
      assert.match(text, /^fluentbit_input_records_total\{name="dummy\.0"\} [1-9]/m)
      assert.match(text, /^fluentbit_uptime/m)
    }
    assert.ok((await json('/api/v1/storage')).storage_layer.chunks)
    assert.deepEqual(await get('/api/v1/health'), { status: 200, text: 'ok\n' })
    assert.deepEqual(await get('/api/v2/health'), { status: 200, text: 'ok\n' })
    assert.ok((await json('/api/v1/plugins')).inputs.includes('tail'))
    assert.deepEqual(await json('/api/v2/reload'), { hot_reload_count: 0 })
    assert.equal((await get('/nothing')).status, 404)
    assert.equal((await get('/api/v1/trace/dummy.0')).status, 404)
    assert.match(await overHttp2(port, '/api/v1/uptime'), /^\{"uptime_sec":/)
    assert.equal((await get('/api/v1/uptime', { method: 'POST' })).status, 405)
    assert.equal(await run.end(), 0)
    assert.match(
      run.output(),
      /\[engine\] caught signal \(SIGTERM\)\n[\s\S]*\[engine\] service will shutdown in max \d+ seconds\n/,
    )
    assert.doesNotMatch(run.output(), /noise/)
    assert.match(run.output(), /\[engine\] service has stopped/)
  })

  test('takes a changed file over at SIGHUP and by its API, and keeps the old one when the new is bad', async t => {
    const port = await freePort()
    const configuration = (message: string) => `${service(port)}pipeline:
  inputs:
    - { name: dummy, dummy: '{"message":"${message}"}', rate: 20 }
  outputs:
    - { name: stdout, format: json_lines }
`
    const run = await start(t, { 'fluent-bit.yaml': configuration('before') }, ['-c', 'fluent-bit.yaml'])
    await run.until(/^\{"date":\d+\.\d{6},"message":"before"\}$/m)
    const replace = async (text: string) => {
      await writeFile(join(run.folder, 'next'), text.replaceAll('@FOLDER@', run.folder))
      await rename(join(run.folder, 'next'), join(run.folder, 'fluent-bit.yaml'))
    }
    await replace(configuration('after'))
    run.process.kill('SIGHUP')
    await run.until(/"message":"after"/)
    const reload = () => fetch(`http://127.0.0.1:${port}/api/v2/reload`, { method: 'POST' })
    await replace(configuration('third'))
    assert.deepEqual(await (await reload()).json(), { reload: 'done', status: 0 })
    await run.until(/"message":"third"/)
    await replace(configuration('bad').replace('rate', 'rte'))
    assert.equal((await reload()).status, 400)
    const { hot_reload_count } = (await (await fetch(`http://127.0.0.1:${port}/api/v2/reload`)).json()) as {
      hot_reload_count: number
    }
    assert.equal(hot_reload_count, 2)
    await run.until(/unknown configuration property .*; did you mean "rate"/)
    assert.equal(await run.end(), 0)
  })

  test('tells all that is wrong at once, with places, and ends with 1', async t => {
    const run = await start(
      t,
      {
        'fluent-bit.conf': `[SERVICE]
    Flush       soon
    Http_Sever  On
[INPUT]
    Name  tial
[INPUT]
    Name  dummy
    Copies many
[OUTPUT]
    Name  stdout
    Match *
    Fromat json
`,
      },
      ['-c', 'fluent-bit.conf'],
    )
    assert.equal(await run.ended(), 1)
    for (const told of [
      /fluent-bit\.conf:2:17 {2}service: flush\n {4}expected a number, got "soon"/,
      /fluent-bit\.conf:3:5 {2}service: Http_Sever\n {4}unknown configuration property 'http_sever'; did you mean "http_server"\?/,
      /fluent-bit\.conf:5:11 {2}input\n {4}unknown plugin "tial"\n {4}hint: did you mean "tail"\?/,
      /fluent-bit\.conf:8:12 {2}input dummy\.0: copies\n {4}expected a whole number, got "many"/,
      /fluent-bit\.conf:12:5 {2}output stdout\.0: Fromat\n {4}unknown configuration property 'fromat'; did you mean "format"\?/,
      /\[engine\] input initialization failed/,
    ])
      assert.match(run.output(), told)
  })

  const calls: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['--version', ['--version'], 0, /^Fluent Bit v\d+\.\d+\.\d+\n/],
    ['-h', ['-h'], 0, /-c, --config=FILE[\s\S]*\n {2}tail /],
    ['the help of a plugin', ['-i', 'tail', '-h'], 0, /\npath {2}/],
    ['the help of a plugin as JSON', ['-o', 'stdout', '-J'], 0, /"name":"format"/],
    ['an unknown flag', ['--nothing'], 1, /unrecognized option '--nothing'/],
    ['a flag without its value', ['-c'], 1, /option requires an argument -- 'c'/],
    ['a missing file', ['-c', 'gone.conf'], 1, /gone\.conf:1:1\n {4}the file cannot be read/],
    ['nothing to do', [], 1, /there is no input/],
    [
      '--dry-run',
      ['-i', 'dummy', '-o', 'stdout', '-m', '*', '--dry-run'],
      0,
      /configuration test is successful/,
    ],
    [
      'an exit output',
      ['-i', 'dummy', '-p', 'rate=50', '-o', 'exit', '-m', '*', '-p', 'flush_count=1', '-f', '0.1'],
      0,
      /has got enough/,
    ],
  ]
  for (const [what, args, code, printed] of calls)
    test(`${what}: exit code ${code}`, async t => {
      const run = await start(t, {}, args)
      assert.equal(await run.ended(), code, run.output())
      assert.match(run.output(), printed)
    })

  test('writes its log to the file that -l names, and records to standard output', async t => {
    const run = await start(
      t,
      {},
      [
        ...['-l', 'fb.log', '-f', '0.1'],
        ...['-i', 'dummy', '-t', 'a.b', '-p', 'samples=1', '-p', `dummy={"x":"\${WHAT}"}`],
        ...['-o', 'stdout', '-m', 'a.*', '-p', 'format=json_lines', '-p', 'json_date_key=false'],
      ],
      { WHAT: 'from the environment' },
    )
    await run.until(/^\{"x":"from the environment"\}$/m)
    assert.equal(await run.end(), 0)
    assert.equal(run.output(), '{"x":"from the environment"}\n')
    assert.match(await readFile(join(run.folder, 'fb.log'), 'utf8'), /\[engine\] started/)
  })

  test('reads standard input to its end, through a script of Lua, and ends with 0', async t => {
    const script = `function mark(tag, ts, r) if r.drop then return -1 end r.seen = tag return 2, ts, r end`
    const run = await start(
      t,
      { 'mark.lua': script, in: '{"a":1}\n{"drop":true}\n{"a":2}\n' },
      [
        '-q',
        '-i',
        'stdin',
        '-t',
        'piped',
        '-F',
        'lua',
        '-m',
        '*',
        '-p',
        'script=mark.lua',
        '-p',
        'call=mark',
      ].concat(['-o', 'stdout', '-m', '*', '-p', 'format=json_lines', '-p', 'json_date_key=false']),
      {},
      'in',
    )
    assert.equal(await run.ended(), 0)
    assert.equal(run.output(), '{"a":1,"seen":"piped"}\n{"a":2,"seen":"piped"}\n')
  })

  test('prints records on their way, and ends with 255 when one is not as expected', async t => {
    const run = await start(t, {}, [
      ...['-q', '-i', 'dummy', '-t', 'a', '-p', 'samples=1', '-F', 'stdout', '-m', '*'],
      ...['-F', 'expect', '-m', '*', '-p', 'key_exists=gone', '-p', 'action=exit', '-o', 'null', '-m', '*'],
    ])
    assert.equal(await run.ended(), 255)
    assert.match(run.output(), /^\[0\] a: \[\[\d+\.\d{9}, \{\}\], \{"message"=>"dummy"\}\]$/m)
  })

  test('prints its own metrics, and serves them and those of records to who scrapes', async t => {
    const port = await freePort()
    const run = await start(
      t,
      {
        'fluent-bit.conf': `[SERVICE]
    Flush        0.2
    storage.path @FOLDER@/state
[INPUT]
    Name            fluentbit_metrics
    Tag             internal
    scrape_interval 1
[INPUT]
    Name    dummy
    Tag     app
    Samples 5
    Rate    100
[FILTER]
    Name               log_to_metrics
    Match              app
    Tag                counted
    metric_mode        counter
    metric_name        dummies
    metric_description Dummies
    discard_logs       on
[OUTPUT]
    Name      prometheus_exporter
    Match     *
    Host      127.0.0.1
    Port      ${port}
    Add_Label app shop
[OUTPUT]
    Name  stdout
    Match internal
`,
      },
      ['-c', 'fluent-bit.conf'],
    )
    await run.until(/^\d{4}-\d\d-\d\dT[\d:.]+Z fluentbit_input_records_total\{name="dummy\.0"\} = 5$/m)
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    assert.match(
      text,
      /^# TYPE log_metric_counter_dummies counter\nlog_metric_counter_dummies\{app="shop"\} 5$/m,
    )
    assert.match(text, /^fluentbit_build_info\{hostname=".*",version="\d.*",os="linux",app="shop"\} \d+$/m)
    assert.doesNotMatch(text, /outrigger_/)
    assert.equal(await run.end(), 0, run.output())
  })

  test('sends its own metrics to a Prometheus', { skip: missing('prometheus') }, async t => {
    const prometheus = await startPrometheus()
    t.after(() => prometheus.stop())
    const run = await start(t, {}, [
      ...['-f', '0.1', '-i', 'fluentbit_metrics', '-t', 'own', '-p', 'scrape_interval=1'],
      ...['-i', 'dummy', '-t', 'app', '-p', 'samples=5', '-p', 'rate=100'],
      ...['-o', 'null', '-m', 'app'],
      ...['-o', 'prometheus_remote_write', '-m', 'own', '-p', 'host=127.0.0.1', '-p', 'uri=/api/v1/write'],
      ...['-p', `port=${new URL(prometheus.url).port}`, '-p', 'add_label=job shop'],
    ])
    const found = await prometheus.untilQuery(
      'fluentbit_input_records_total{name="dummy.0"}',
      ([value]) => value === 5,
    )
    assert.deepEqual(Object.keys(found), [
      JSON.stringify({ __name__: 'fluentbit_input_records_total', job: 'shop', name: 'dummy.0' }),
    ])
    assert.equal(await run.end(), 0, run.output())
    await prometheus.untilQuery('fluentbit_uptime', values => values.length === 0)
  })

  test('answers that chunks are not traced, where tracing is asked for', async t => {
    const port = await freePort()
    const run = await start(t, {}, [
      ...['-Z', '-H', '-P', String(port), '-i', 'dummy', '-o', 'null', '-m', '*'],
    ])
    await run.until(/\[engine\] started/)
    for (const path of ['/api/v1/trace/dummy.0', '/api/v1/traces/']) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: '{}' })
      assert.equal(response.status, 503)
      assert.equal(((await response.json()) as { status: string }).status, 'error')
    }
    assert.equal(await run.end(), 0)
    assert.match(run.output(), /chunk tracing; outrigger logs tail/)
  })

  test('tail, parsers and filters bring records to Elasticsearch, CloudWatch, HTTP and a file', async t => {
    const seconds = Math.floor(Date.now() / 1000)
    const at = (offset: number) => new Date((seconds + offset) * 1000)
    const clf = (offset: number) => {
      const [, day, month, year, time] = at(offset).toUTCString().split(/[ ,]+/)
      return `${day}/${month}/${year}:${time} +0000`
    }
    const documents: { index: string; source: Readonly<Record<string, unknown>> }[] = []
    const elasticsearch = await startFakeElasticsearch({
      onDocument: ({ index, source }) => void documents.push({ index, source }),
    })
    t.after(() => elasticsearch.close())
    const events: string[] = []
    const cloudwatch = await startFakeCloudwatch({
      onEvent: ({ message }) => void events.push(message),
    })
    t.after(() => cloudwatch.close())
    const posted: unknown[] = []
    const server = createHttpServer((request, response) => {
      let body = ''
      request.on('data', chunk => (body += chunk))
      request.on('end', () => {
        posted.push(...JSON.parse(body))
        response.writeHead(200).end()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => void server.close())
    const httpPort = (server.address() as { port: number }).port
    const run = await start(
      t,
      {
        'parsers.conf': `[PARSER]
    Name        nginx
    Format      regex
    Regex       ^(?<remote>[^ ]*) (?<host>[^ ]*) (?<user>[^ ]*) \\[(?<time>[^\\]]*)\\] "(?<method>\\S+)(?: +(?<path>[^\\"]*?)(?: +\\S*)?)?" (?<code>[^ ]*) (?<size>[^ ]*)$
    Time_Key    time
    Time_Format %d/%b/%Y:%H:%M:%S %z
    Types       code:integer size:integer
`,
        'access.log': [
          `10.0.0.1 - - [${clf(0)}] "GET /a HTTP/1.1" 200 12`,
          `10.0.0.2 - - [${clf(1)}] "GET /healthz HTTP/1.1" 200 2`,
          `10.0.0.3 - - [${clf(2)}] "POST /b HTTP/1.1" 503 9`,
          'no access at all\n',
        ].join('\n'),
        'outputs.inc': `[OUTPUT]
    Name             es
    Match            web
    Host             127.0.0.1
    Port             ${elasticsearch.port}
    Logstash_Format  On
    Logstash_Prefix  shop
    Suppress_Type_Name On
[OUTPUT]
    Name             cloudwatch_logs
    Match            errors.*
    region           eu-central-1
    endpoint         http://127.0.0.1:${cloudwatch.port}
    log_group_name   /shop
    log_stream_prefix from-
    auto_create_group On
[OUTPUT]
    Name             http
    Match            *
    Host             127.0.0.1
    Port             ${httpPort}
    URI              /data
    Format           json
    Json_Date_Format epoch
[OUTPUT]
    Name             file
    Match            errors.*
    Path             @FOLDER@/out
    File             records
`,
        'fluent-bit.conf': `@SET team=shop
[SERVICE]
    Flush        0.2
    Grace        2
    storage.path @FOLDER@/state
    Parsers_File parsers.conf
[INPUT]
    Name           tail
    Tag            web
    Path           @FOLDER@/access.log
    Parser         nginx
    Read_from_Head On
[FILTER]
    Name    grep
    Match   web
    Exclude path ^/healthz
[FILTER]
    Name    record_modifier
    Match   *
    Record  team \${team}
[FILTER]
    Name    rewrite_tag
    Match   web
    Rule    $method ^(POST)$ errors.$1.$code false
@INCLUDE outputs.inc
`,
      },
      ['-c', 'fluent-bit.conf'],
      {
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    )
    await run.until(/\[engine\] started/)
    const deadline = Date.now() + PATIENCE_MS
    while ((documents.length < 2 || events.length < 1 || posted.length < 3) && Date.now() < deadline)
      await new Promise(resolve => setTimeout(resolve, 50))
    assert.equal(await run.end(), 0, run.output())
    assert.deepEqual(
      documents.map(({ index, source }) => [
        index,
        source['path'] ?? source['log'],
        source['code'],
        source['team'],
      ]),
      [
        [`shop-${at(0).toISOString().slice(0, 10).replaceAll('-', '.')}`, '/a', 200, 'shop'],
        [documents[1]?.index, 'no access at all', undefined, 'shop'],
      ],
    )
    assert.equal(documents[0].source['@timestamp'], at(0).toISOString())
    assert.deepEqual(
      events.map(message => JSON.parse(message).code),
      [503],
    )
    assert.equal(posted.length, 3)
    assert.ok(posted.some(record => (record as { date?: number }).date === seconds))
    const file = await readFile(join(run.folder, 'out', 'records'), 'utf8')
    assert.ok(
      file.startsWith(`errors.POST.503: [${seconds + 2}.000000000, {`) && file.includes('"code":503'),
      file,
    )
  })

  test('takes a tail over from its database without sending anything again', async t => {
    const folder = await folderOf(t)
    const log = join(folder, 'app.log')
    await writeFile(log, 'sent already\nnot yet\n')
    const database = new DatabaseSync(join(folder, 'tail.db'))
    database.exec(
      'CREATE TABLE in_tail_files (id INTEGER PRIMARY KEY, name TEXT, offset INTEGER, inode INTEGER, created INTEGER, rotated INTEGER)',
    )
    database.prepare('INSERT INTO in_tail_files VALUES (1, ?, 13, ?, 0, 0)').run(log, statSync(log).ino)
    database.close()
    const run = await start(t, {}, [
      ...['-f', '0.1', '-i', 'tail', '-p', `path=${log}`, '-p', `db=${join(folder, 'tail.db')}`],
      ...['-p', 'read_from_head=on', '-o', 'stdout', '-p', 'format=json_lines', '-p', 'json_date_key=false'],
    ])
    await run.until(/^\{"log":"not yet"\}$/m)
    assert.equal(await run.end(), 0)
    assert.doesNotMatch(run.output(), /sent already/)
  })

  test('values of variables come from files, and a changed one is taken over; routes lead by condition', async t => {
    const port = await freePort()
    const run = await start(
      t,
      {
        secret: 'first-secret',
        'fluent-bit.yaml': `${service(port)}env:
  - { name: secret, uri: file://@FOLDER@/secret, refresh_interval: 1 }
pipeline:
  inputs:
    - name: dummy
      alias: routed
      tag: base
      rate: 10
      dummy: '{"secret":"\${secret}","topic":"one"}'
      processors:
        logs: [{ name: content_modifier, action: insert, key: added, value: by-processor }]
      routes:
        logs:
          - { name: one, condition: { rules: [{ field: $topic, op: eq, value: one }] }, to: { outputs: [taken] } }
          - { name: two, condition: { rules: [{ field: $topic, op: eq, value: two }] }, to: { outputs: [never] } }
  outputs:
    - { name: stdout, alias: taken, format: json_lines, json_date_key: false }
    - { name: stdout, alias: never }
`,
      },
      ['-c', 'fluent-bit.yaml', '-v'],
    )
    await run.until(/^\{"secret":"first-secret","topic":"one","added":"by-processor"\}$/m)
    assert.match(run.output(), /connected input 'routed' route 'one' to output 'taken'/)
    await writeFile(join(run.folder, 'secret'), 'second-secret')
    await run.until(/"secret":"second-secret"/)
    assert.equal(await run.end(), 0)
    assert.doesNotMatch(run.output(), /\[0\] base/)
  })
})
