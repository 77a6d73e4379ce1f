import type { LintFinding } from '../report.ts'
import type { Shown } from './outputs.ts'

/** JUnit XML as CI servers read it: a suite per file, a case per finding; a file without any is one case that passes. */
export function junit({ report, files }: Shown): string {
  const suites = files.map(({ file }) => {
    const findings = report.findings.filter(each => each.file === file)
    const waived = report.waived.filter(each => each.file === file)
    const problems = report.problems.filter(each => each.file === file)
    const cases = [
      ...findings.map(each =>
        testCase(
          each,
          `<failure message="${escaped(each.message)}" type="${each.severity}">${escaped(detail(each))}</failure>`,
        ),
      ),
      ...waived.map(each => testCase(each, `<skipped message="${escaped(each.reason)}"/>`)),
      ...problems.map(
        each =>
          `    <testcase name="can be read" classname="${escaped(file)}"><error message="${escaped(each.message)}"/></testcase>`,
      ),
    ]
    if (cases.length === 0) cases.push(`    <testcase name="sidecars" classname="${escaped(file)}"/>`)
    const counts = `tests="${cases.length}" failures="${findings.length}" errors="${problems.length}" skipped="${waived.length}"`
    return `  <testsuite name="${escaped(file)}" ${counts}>\n${cases.join('\n')}\n  </testsuite>\n`
  })
  const totals = `failures="${report.findings.length}" errors="${report.problems.length}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="outrigger lint" ${totals}>\n${suites.join('')}</testsuites>\n`
}

function testCase(finding: LintFinding, inner: string): string {
  const name = `${finding.check} ${finding.name}: ${finding.subject}`
  const place = `file="${escaped(finding.file)}" line="${finding.position.line}"`
  return `    <testcase name="${escaped(name)}" classname="${escaped(finding.file)}" ${place}>${inner}</testcase>`
}

function detail({ file, position, message, hint }: LintFinding): string {
  return `${file}:${position.line}:${position.column}: ${message}${hint === undefined ? '' : `\nhint: ${hint}`}`
}

/** Also without what XML 1.0 cannot hold at all. */
function escaped(text: string): string {
  return text
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '\ufffd',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;')
}
