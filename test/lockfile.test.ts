import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
  readonly resolved?: string
}

const root = join(import.meta.dirname, '..')
const packages: Record<string, Locked> = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
).packages

test('the lock file names the packages of every platform, or npm ci would refuse it', () => {
  const wanted = Object.values(packages).flatMap(each => Object.keys(each.optionalDependencies ?? {}))
  const missing = wanted.filter(name => !Object.hasOwn(packages, `node_modules/${name}`))
  assert.deepEqual(missing, [])
})

test('no package needs an install script', () => {
  const names = Object.entries(packages).flatMap(([path, each]) => (each.hasInstallScript ? [path] : []))
  assert.deepEqual(names, [])
})

test('the lock file names no registry', () => {
  const names = Object.entries(packages).flatMap(([path, each]) =>
    each.resolved === undefined ? [] : [path],
  )
  assert.deepEqual(names, [])
})
