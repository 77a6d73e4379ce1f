/** Patterns of users, as they are guarded here, against RE2's port re2js: usual lines, then lines made to hold a matcher. */
import { RE2JS } from 're2js'
import { compilePattern } from '../src/kernel/pattern.ts'
import { commonLog } from '../src/modules/logs/formats/access.ts'
import { RegexFormat } from '../src/modules/logs/formats/regex.ts'
import { JsonRecord } from '../src/wire/json/record.ts'
import { ByteWriter } from '../src/wire/json/writer.ts'

const NGINX =
  '^(?<client>[^ ]*) [^ ]* (?<user>[^ ]*) \\[(?<time>[^\\]]*)\\] "(?<method>\\S+) (?<path>[^ "]*) (?<protocol>[^"]*)" (?<status>[^ ]*) (?<bytes>[^ ]*) "(?<referrer>[^"]*)" "(?<agent>[^"]*)"$'
const FLUENT_BIT_APACHE =
  '^(?<host>[^ ]*) [^ ]* (?<user>[^ ]*) \\[(?<time>[^\\]]*)\\] "(?<method>\\S+)(?: +(?<path>[^ ]*) +\\S*)?" (?<code>[^ ]*) (?<size>[^ ]*)(?: "(?<referer>[^"]*)" "(?<agent>.*)")?$'
const JAVA =
  '^(?<time>\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d[.,]\\d{3}) +(?<level>[A-Z]+) +\\[(?<thread>[^\\]]*)\\] (?<logger>[\\w.$]+) *: (?<message>.*)$'
const ERROR = '(?:ERROR|FATAL).*(?:timeout|refused)'
const access =
  '203.0.113.7 - joe [02/Jan/2026:03:04:05 +0000] "GET /shop/cart/items?id=4711 HTTP/1.1" 200 2326 "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0"'
const java =
  '2026-01-02 03:04:05.678  INFO [http-nio-8080-exec-1] com.example.shop.CartController : cart 4711 of joe has 3 items'

/** Processor time of one call, in the best of some rounds. */
function nanoseconds(lines: number, work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const begin = process.cpuUsage()
    for (let i = 0; i < lines; i++) work()
    const { user, system } = process.cpuUsage(begin)
    best = Math.min(best, ((user + system) * 1000) / lines)
  }
  return best
}

function compiled(source: string): RegExp {
  const pattern = compilePattern(source)
  if ('reason' in pattern) throw new Error(pattern.reason)
  return pattern.regex
}

function row(name: string, ...cells: readonly string[]): void {
  console.log(`${name.padEnd(34)}${cells.map(cell => cell.padStart(14)).join('')}`)
}

console.log('\nGroups of one line, ns\n')
row('', 'guarded', 'bare', 're2js', 're2js/guarded')
for (const [name, source, line] of [
  ['nginx, combined', NGINX, access],
  ["apache, Fluent Bit's pattern", FLUENT_BIT_APACHE, access],
  ['java', JAVA, java],
  ['unanchored, no match', ERROR, java],
]) {
  const guarded = compiled(source)
  const bare = new RegExp(source)
  const re2 = RE2JS.compile(RE2JS.translateRegExp(source))
  const ours = nanoseconds(100_000, () => guarded.exec(line)?.groups)
  const native = nanoseconds(100_000, () => bare.exec(line)?.groups)
  const theirs = nanoseconds(5000, () => {
    const matcher = re2.matcher(line)
    return matcher.find() && matcher.group(1)
  })
  row(name, ours.toFixed(0), native.toFixed(0), theirs.toFixed(0), (theirs / ours).toFixed(1))
}

console.log('\nA record of an nginx line, ns\n')
const bytes = Buffer.from(access)
const record = new JsonRecord()
const out = new ByteWriter(1024)
for (const [name, format] of [
  ['format nginx', commonLog('nginx', 0, () => {})],
  ['format regex', new RegexFormat({ pattern: NGINX }, () => {})],
] as const) {
  const took = nanoseconds(100_000, () => {
    out.length = 0
    format.read(bytes, 0, bytes.length, record, out, 0)
  })
  row(name, took.toFixed(0))
}

console.log('\nOne line of 20,000 characters that is made for the pattern, ms\n')
row('', 'guarded', 're2js')
for (const [source, unit] of [
  ['(a|a)*b', 'a'],
  ['^(a+)+$', 'a'],
  ['(?:.*a){20}b', 'a'],
  ['\\s+$', ' '],
  ['\\w+\\s+$', 'a '],
  [NGINX, '" '],
]) {
  const line = `${unit.repeat(20_000 / unit.length)}!`
  const guarded = compiled(source)
  const re2 = RE2JS.compile(RE2JS.translateRegExp(source))
  const ours = nanoseconds(1, () => guarded.test(line)) / 1e6
  const theirs = nanoseconds(1, () => re2.matcher(line).find()) / 1e6
  row(source.slice(0, 32), ours.toFixed(1), theirs.toFixed(1))
}
