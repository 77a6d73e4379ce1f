import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { missing } from '../../../test/fakes/programs.ts'
import { readManifests } from '../../manifests/read.ts'
import { checks } from '../checks/index.ts'
import { linted } from '../lint-fake.ts'
import { type Format, OUTPUTS, type Shown } from './outputs.ts'

const HOSTILE = `apiVersion: v1
kind: Pod
metadata:
  name: "web\\e[31m]]><&\\"',:%0A\\n::error::x"
  annotations: { outrigger.dev/lint-ignore.SC007: "we know <it> & live with it" }
spec:
  containers:
    - { name: web, image: a:1 }
    - { name: fluent-bit, image: "fluent/fluent-bit:latest" }
`

function shown(text: string, file = 'manifest.yaml'): Shown {
  const report = linted(text)
  const named = {
    ...report,
    findings: report.findings.map(each => ({ ...each, file })),
    waived: report.waived.map(each => ({ ...each, file })),
    problems: report.problems.map(each => ({ ...each, file })),
  }
  return { report: named, files: [readManifests(file, text)], checks, version: '0.1.0', color: false }
}

const made = (format: Format, text = HOSTILE, file?: string) => OUTPUTS[format](shown(text, file))

describe('text', () => {
  it('gives place, check, line and hint, and sums up', () => {
    const text = made('text', HOSTILE.replace(/name: "web.*/, 'name: web'))
    assert.match(
      text,
      /^manifest\.yaml:9:27 {2}warning {2}SC021 unapproved-image {2}Pod web\n {4}the image .*\n {4}\| - \{ name: fluent-bit.*\n {4}hint: /m,
    )
    assert.match(text, /1 workload in 1 file: \d errors?, \d warnings?.*, 1 waived\n$/)
  })

  it('hands no control character of a manifest to the terminal', () => {
    const left = made('text').replaceAll('\n', '')
    assert.ok(
      [...left].every(each => each >= ' ' && each !== '\u007f'),
      JSON.stringify(left),
    )
  })
})

describe('json', () => {
  it('is one object with findings, what is waived, and counts that agree', () => {
    const { summary, findings, waived } = JSON.parse(made('json'))
    assert.equal(findings.length, summary.errors + summary.warnings + summary.infos)
    assert.deepEqual(
      waived.map(({ check, reason }: { check: string; reason: string }) => [check, reason]),
      [['SC007', 'we know <it> & live with it']],
    )
  })
})

describe('sarif', () => {
  it('names a rule for each result, and suppresses what is waived', () => {
    const [run] = JSON.parse(made('sarif')).runs
    for (const { ruleId, ruleIndex } of run.results) assert.equal(run.tool.driver.rules[ruleIndex].id, ruleId)
    const [suppressed] = run.results.filter((each: { suppressions?: object }) => each.suppressions)
    assert.deepEqual(
      [suppressed.ruleId, suppressed.suppressions[0].justification],
      ['SC007', 'we know <it> & live with it'],
    )
  })

  it('writes files as URIs, and what cannot be read as a notification', () => {
    const [run] = JSON.parse(made('sarif', 'a: [1', 'my file#1.yaml')).runs
    assert.equal(run.invocations[0].executionSuccessful, false)
    assert.equal(
      run.invocations[0].toolExecutionNotifications[0].locations[0].physicalLocation.artifactLocation.uri,
      'my%20file%231.yaml',
    )
  })
})

describe('junit', () => {
  const skip = missing('python3')
  it('is XML that a parser reads, with a suite a file and a case a finding', { skip }, () => {
    const script = `
import sys, json, xml.etree.ElementTree as e
root = e.fromstring(sys.stdin.buffer.read())
print(json.dumps([[s.get('name'), s.get('tests'), s.get('failures'), len(s.findall('testcase/failure')), len(s.findall('testcase/skipped')), len(s.findall('testcase/error'))] for s in root]))`
    const parsed = (text: string) =>
      JSON.parse(execFileSync('python3', ['-c', script], { input: text, encoding: 'utf8' }))
    const [[name, tests, failures, found, skipped]] = parsed(made('junit'))
    assert.deepEqual([name, Number(failures), skipped, Number(tests)], ['manifest.yaml', found, 1, found + 1])
    assert.deepEqual(parsed(made('junit', 'a: [1'))[0].slice(3), [0, 0, 1])
    assert.deepEqual(parsed(made('junit', 'a: 1')), [['manifest.yaml', '1', '0', 0, 0, 0]])
    for (const code of [0, 1, 8, 11, 27, 0xd800, 0xfffe])
      parsed(made('junit', HOSTILE, `a${String.fromCharCode(code)}.yaml`))
  })
})

describe('github', () => {
  it('escapes what would end a command or begin another', () => {
    for (const line of made('github', HOSTILE, 'a,b:c%\n::error::x.yaml').trimEnd().split('\n'))
      assert.match(
        line,
        /^::(?:error|warning|notice) file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax\.yaml,line=\d+,col=\d+,title=SC\d{3} [a-z-]+::[^\r\n]+$/,
      )
  })
})
