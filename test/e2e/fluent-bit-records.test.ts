// What the commands of Fluent Bit's documents print here, record by record.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'

const launcher = join(import.meta.dirname, '../../bin/outrigger.js')

interface Run {
  readonly files?: Readonly<Record<string, string>>
  /** Its standard input. */
  readonly input?: string
  /** Called once it runs. */
  readonly started?: (folder: string) => void
}

/** The records that a command prints until it ends by itself, without number and time; `@FOLDER@` is where it runs. */
async function printed(t: TestContext, args: readonly string[], run: Run = {}): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-fb-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(run.files ?? {})) await writeFile(join(folder, name), text)
  const placed = args.map(arg => arg.replaceAll('@FOLDER@', folder))
  const child = spawn(process.execPath, [launcher, 'as', 'fluent-bit', ...placed], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  child.stdin.end(run.input ?? '')
  let [output, log] = ['', '']
  let isStarted = false
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    output += more
  })
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    log += more
    if (isStarted || !log.includes('[engine] started')) return
    isStarted = true
    run.started?.(folder)
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, log)
  return output
    .split(/^\[\d+\] /m)
    .slice(1)
    .map(each => each.replace(/: \[\[[\d.]+, \{\}\], /, ' ').replace(/\]\n$/, ''))
}

const tailed = ['-i', 'tail', '-p', 'path=app.log', '-p', 'read_from_head=on', '-p', 'exit_on_eof=on']
const shown = ['-o', 'stdout', '-m', '*']

describe('records as Fluent Bit prints them', () => {
  test('a line without text is a record, and one that does not fit its parser stays as it is', async t => {
    const parsers = '[PARSER]\n    Name web\n    Format regex\n    Regex ^(?<verb>[A-Z]+) (?<path>\\S+)$\n'
    const files = { 'app.log': 'GET /\n\nsaid "no"\r\n', 'p.conf': parsers }
    assert.deepEqual(await printed(t, ['-R', 'p.conf', ...tailed, '-p', 'parser=web', ...shown], { files }), [
      'tail.0 {"verb"=>"GET", "path"=>"/"}',
      'tail.0 {"log"=>""}',
      'tail.0 {"log"=>"said "no""}',
    ])
  })

  test('Skip_Empty_Lines leaves lines without text out', async t => {
    const files = { 'app.log': 'one\n\ntwo\n' }
    assert.deepEqual(await printed(t, [...tailed, '-p', 'skip_empty_lines=on', ...shown], { files }), [
      'tail.0 {"log"=>"one"}',
      'tail.0 {"log"=>"two"}',
    ])
  })

  test('standard input holds objects one behind the other, also with their times', async t => {
    const input = '{"key": "some value"}{"key":2}\n[1475898286, {"key":3}]no json\n{"key":4.0}'
    assert.deepEqual(await printed(t, ['-i', 'stdin', '-o', 'stdout'], { input }), [
      'stdin.0 {"key"=>"some value"}',
      'stdin.0 {"key"=>2}',
      'stdin.0 {"key"=>3}',
      'stdin.0 {"message"=>"no json", "parse_error"=>"not a JSON object: expected an object at byte 1"}',
      'stdin.0 {"key"=>4.000000}',
    ])
  })

  test('a field of the record names the parser', async t => {
    const parsers = ['json', 'logfmt']
      .map(name => `[PARSER]\n    Name ${name}\n    Format ${name}\n`)
      .join('')
    const filter = [
      '-F',
      'parser',
      '-m',
      '*',
      '-p',
      'key_name=log',
      '-p',
      'parser_key=kind',
      '-p',
      'reserve_data=on',
    ]
    const input =
      '{"log":"a=1","kind":"logfmt"}{"log":"{\\"b\\":2}","kind":"json","c":3}{"log":"a=1","kind":"x"}{"log":"a=1"}'
    const args = ['-R', 'p.conf', '-i', 'stdin', ...filter, ...shown]
    assert.deepEqual(await printed(t, args, { input, files: { 'p.conf': parsers } }), [
      'stdin.0 {"kind"=>"logfmt", "a"=>"1"}',
      'stdin.0 {"kind"=>"json", "c"=>3, "b"=>2}',
      'stdin.0 {"log"=>"a=1", "kind"=>"x"}',
      'stdin.0 {"log"=>"a=1"}',
    ])
  })

  test('syslog has the fields of the parser that the mode means, or of the one that is named', async t => {
    const records = await printed(
      t,
      ['-i', 'syslog', '-p', 'mode=unix_tcp', '-p', 'path=@FOLDER@/log.sock', '-p', 'tag=old']
        .concat(['-i', 'syslog', '-p', 'mode=unix_tcp', '-p', 'path=@FOLDER@/new.sock', '-p', 'tag=new'])
        .concat(['-p', 'parser=syslog-rfc5424', ...shown, '-o', 'exit', '-m', '*', '-p', 'record_count=3']),
      {
        started(folder) {
          connect(join(folder, 'log.sock')).end('<13>Jan  1 00:00:00 testuser[7]:  Hello!\nrubbish\n')
          connect(join(folder, 'new.sock')).end('<34>1 2003-10-11T22:14:15.003Z box su - ID47 [] failed\n')
        },
      },
    )
    assert.deepEqual(records.toSorted(), [
      'new {"pri"=>"34", "time"=>"2003-10-11T22:14:15.003Z", "host"=>"box", "ident"=>"su", "pid"=>"-", "msgid"=>"ID47", "extradata"=>"[]", "message"=>"failed"}',
      'old {"message"=>"rubbish"}',
      'old {"pri"=>"13", "time"=>"Jan  1 00:00:00", "ident"=>"testuser", "pid"=>"7", "message"=>"Hello!"}',
    ])
  })
})
