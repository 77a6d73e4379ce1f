// What the API server takes in a pod template, as test/golden/kubernetes/pod-schema.json for the tests of injection:
// `npm pack kubernetes-models` and unpack it and its dependencies somewhere, then
// `node scripts/kubernetes-schema.ts FOLDER/node_modules`. It is needed again only for a newer Kubernetes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** By type: its fields, those that must be there with `!`. A type is text: `string`, `Container[]`, `{}Quantity`, `'a'|'b'`. */
type Schema = Record<string, Record<string, string> | string>

const [modules = ''] = process.argv.slice(2)
const root = join(modules, 'kubernetes-models/v1/PodTemplateSpec.d.ts')
if (!existsSync(root)) {
  process.stderr.write('usage: node scripts/kubernetes-schema.ts FOLDER/node_modules\n')
  process.exitCode = 2
} else {
  const schema: Schema = {}
  read(root, schema)
  const sorted = Object.fromEntries(Object.entries(schema).sort(([a], [b]) => (a < b ? -1 : 1)))
  const { version } = JSON.parse(readFileSync(join(modules, 'kubernetes-models/package.json'), 'utf8'))
  const lines = Object.entries(sorted).map(
    ([name, type]) => `  ${JSON.stringify(name)}: ${JSON.stringify(type)}`,
  )
  writeFileSync(
    join(dirname(import.meta.dirname), 'test/golden/kubernetes/pod-schema.json'),
    `{\n  "from": ${JSON.stringify(`kubernetes-models ${version}`)},\n${lines.join(',\n')}\n}\n`,
  )
}

/** The type that a file declares, with all that it refers to; gives its name. */
function read(file: string, schema: Schema): string {
  const text = readFileSync(file, 'utf8').replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, '')
  const alias = /export type I(\w+) = ([^;{]+);/.exec(text)
  const declared = /export interface I(\w+) \{([\s\S]*?\n)\}/.exec(text)
  const name = declared?.[1] ?? alias?.[1] ?? ''
  if (Object.hasOwn(schema, name)) return name
  if (declared === null) {
    schema[name] = (alias?.[2] ?? 'any').replaceAll(/\s/g, '')
    return name
  }
  const fields: Record<string, string> = {}
  schema[name] = fields
  const imports = new Map(
    [...text.matchAll(/import \{ (\w+) \} from "([^"]+)"/g)].map(([, type = '', from = '']) => [type, from]),
  )
  const refer = (type: string): string => {
    const from = imports.get(type)
    return from === undefined ? type : read(fileOf(from, file), schema)
  }
  const short = (type: string): string => {
    const list = /^Array<([\s\S]+)>$/.exec(type)
    if (list !== null) return `${short(list[1]!.trim())}[]`
    const map = /^\{\s*\[key: string\]: ([\s\S]+?);?\s*\}$/.exec(type)
    if (map !== null) return `{}${short(map[1]!.trim())}`
    if (type.includes('"')) return type.replaceAll('"', "'").replaceAll(' | ', '|')
    return refer(type)
  }
  for (const [, field = '', optional, type = ''] of declared[2]!.matchAll(
    /^ {4}"([^"]+)"(\??): ([\s\S]*?);\n(?= {4}"|$(?![\s\S]))/gm,
  ))
    fields[optional === '?' ? field : `${field}!`] = short(type)
  return name
}

function fileOf(from: string, importer: string): string {
  const path = from.startsWith('.') ? resolve(dirname(importer), from) : resolve(modules, from)
  return `${path.replace(/\.js$/, '')}.d.ts`
}
