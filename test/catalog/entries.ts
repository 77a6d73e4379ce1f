// The entries that come with the product, and what pods may ask of them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Facts } from '../../src/injection/catalogue/catalogue.ts'
import type { Entry, Parameter } from '../../src/injection/catalogue/entry.ts'
import { resolveParameters } from '../../src/injection/catalogue/parameters.ts'
import { readCatalogue } from '../../src/injection/catalogue/read.ts'
import { type Rendered, render } from '../../src/injection/catalogue/render.ts'
import type { Json, JsonObject } from '../../src/manifests/json.ts'

const folder = join(import.meta.dirname, '../../catalog')

export const files = readdirSync(folder).map(name => ({
  name,
  text: readFileSync(join(folder, name), 'utf8'),
}))
export const reading = readCatalogue(files)
export const entries: readonly Entry[] = reading.catalogue.entries

export function entryNamed(name: string): Entry {
  const found = reading.catalogue.find(name)
  if (!found.ok) throw new Error(found.message)
  return found.entry
}

export const FACTS: Facts = {
  app: { container: 'web', port: 8080, ports: [8080] },
  workload: { kind: 'Deployment', name: 'shop' },
  namespace: 'shop',
  target: 'kubernetes',
}

/** With these values as texts, as annotations give them. Fails where they are refused. */
export function rendered(
  entry: Entry,
  texts: Readonly<Record<string, string>> = {},
  facts = FACTS,
): Rendered {
  const given = Object.entries(texts).map(([name, text]) => ({ name, text, from: name }))
  const { values, problems } = resolveParameters(entry, {}, given, facts)
  if (problems.length > 0) throw new Error(`${entry.name}: ${JSON.stringify(problems)}`)
  return render(entry, values, facts)
}

/** The file of an entry whose path ends so. */
export function fileOf({ files }: Rendered, end: string): string {
  const file = files.find(({ path }) => path.endsWith(end))
  if (file === undefined) throw new Error(`there is no ${end}`)
  return file.text
}

const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  quantity: ['100m', '1', '64Mi', '0.5Gi'],
  duration: ['1s', '1m', '1h30m'],
  size: ['64MiB', '1GiB'],
  label: ['a', 'my-secret', 'x-1'],
  host: ['db', 'db.shop.svc.cluster.local', '10.0.0.7'],
  'host-port': ['db:5432', '10.0.0.7:80', 'a.b.c:65535'],
  url: ['http://a:80', 'https://host.example/path/x'],
  path: ['/a', '/var/log/app', '/x.y/z-1'],
  cidr: ['10.0.0.0/8'],
}

/** Values that a parameter takes. */
export function valuesOf(schema: JsonObject): fc.Arbitrary<Json> {
  const {
    type,
    enum: choices,
    format,
    pattern,
    minimum,
    maximum,
    items,
    minItems,
    maxItems,
    minLength,
    maxLength,
  } = schema
  if (Array.isArray(choices)) return fc.constantFrom(...(choices as Json[]))
  if (type === 'boolean') return fc.boolean()
  if (type === 'integer') {
    const min = (minimum as number) ?? 0
    return fc.integer({ min, max: (maximum as number) ?? min + 1000 })
  }
  if (type === 'array') {
    const max = Math.min((maxItems as number) ?? 4, 4)
    const item = valuesOf(items as JsonObject)
    const lists = { minLength: (minItems as number) ?? 0, maxLength: max }
    return fc.uniqueArray(item, { ...lists, selector: value => JSON.stringify(value) })
  }
  if (type === 'object') return objectsOf(schema)
  if (format !== undefined) {
    const fits = new RegExp((pattern as string | undefined) ?? '')
    return fc.constantFrom(...SAMPLES[format as string]!.filter(sample => fits.test(sample)))
  }
  const text = textsFor(pattern as string | undefined)
  return text.filter(
    each =>
      each.length >= ((minLength as number) ?? 0) &&
      each.length <= ((maxLength as number) ?? 200) &&
      !/[\0-\x08\x0b-\x1f\x7f]/.test(each),
  )
}

function textsFor(pattern: string | undefined): fc.Arbitrary<string> {
  const any = fc.string({ unit: 'grapheme-ascii', maxLength: 40 })
  if (pattern === undefined) return any
  const regex = new RegExp(pattern)
  // The generator knows no look-around.
  return pattern.includes('(?!') ? any.filter(text => regex.test(text)) : fc.stringMatching(regex)
}

function objectsOf({ properties, required, additionalProperties }: JsonObject): fc.Arbitrary<Json> {
  if (properties !== undefined) {
    const fields = Object.entries(properties as Record<string, JsonObject>).map(
      ([key, each]) => [key, valuesOf(each)] as const,
    )
    return fc.record(Object.fromEntries(fields), {
      requiredKeys: (required as string[]) ?? [],
    }) as fc.Arbitrary<Json>
  }
  return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), valuesOf(additionalProperties as JsonObject), {
    maxKeys: 3,
  })
}

/** Texts for the parameters of an entry: those without which it may not be, and some of the others. */
export function textsOf(
  entry: Entry,
  leaveOut: readonly string[] = [],
): fc.Arbitrary<Record<string, string>> {
  const names = Object.keys(entry.parameters).filter(
    name => !name.startsWith('resources.') && !leaveOut.includes(name),
  )
  const arbitraries = names.map(
    name => [name, valuesOf(entry.parameters[name] as Parameter).map(asText)] as const,
  )
  const requiredKeys = names.filter(name => entry.parameters[name]!['required'] !== undefined)
  return fc.record(Object.fromEntries(arbitraries), { requiredKeys }) as fc.Arbitrary<Record<string, string>>
}

function asText(value: Json): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export type { Rendered }
