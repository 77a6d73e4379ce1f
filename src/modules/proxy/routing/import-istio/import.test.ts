import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { checkAccess } from '../../access/check.ts'
import { accessConfig } from '../../access/config.ts'
import { clusterConfig } from '../../clusters/config.ts'
import { routeDocument } from '../config.ts'
import { importIstio } from './import.ts'
import { durationText } from './section.ts'

const MARK = '\n=== becomes ===\n'
const folder = join(import.meta.dirname, '../../../../../test/golden/istio')

for (const file of readdirSync(folder).sort()) {
  test(`Istio: ${file.replace(/\.txt$/, '').replaceAll('-', ' ')}`, () => {
    const [input = '', expected] = readFileSync(join(folder, file), 'utf8').split(MARK)
    const { findings, ...imported } = importIstio(parseAllDocuments(input).map(each => each.toJS()))
    const told = findings.map(({ document, key, message }) => `${document} ${key}: ${message}`)
    assert.equal(
      stringify({ ...imported, findings: told }, { lineWidth: 0, aliasDuplicateObjects: false }),
      expected,
    )
    const { routes, clusters, listener = {} } = imported
    for (const route of routes) assert.deepEqual(problemsOf(routeDocument.decode(route)), [])
    for (const options of Object.values(clusters))
      assert.deepEqual(problemsOf(clusterConfig.decode(options)), [])
    const access = accessConfig.decode(listener['access'])
    assert.ok(access.ok, JSON.stringify(access))
    if (access.value !== undefined) assert.deepEqual(checkAccess(access.value, []), [])
  })
}

function problemsOf(decoded: { ok: true } | { ok: false; problems: unknown }) {
  return decoded.ok ? [] : decoded.problems
}

const durations: [string, string | undefined][] = [
  ['1.5s', '1s500ms'],
  ['24h0m0s', '24h'],
  ['0s', '0s'],
  ['90s', '1m30s'],
  ['10ms', '10ms'],
  ['soon', undefined],
  ['', undefined],
]

for (const [istio, ours] of durations) {
  test(`the duration "${istio}" is ${ours}`, () => assert.equal(durationText(istio), ours))
}
