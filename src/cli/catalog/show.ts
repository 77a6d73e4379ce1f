import type { Entry } from '../../injection/catalogue/entry.ts'
import { API_VERSION, KIND } from '../../injection/catalogue/entry-schema.ts'
import { containersOutlined, parametersOutlined, withDefaults } from '../../injection/catalogue/outline.ts'
import type { Call } from '../call.ts'
import { table, wrap } from '../layout.ts'
import { catalogueOfCall, formatOf, print, usage } from './request.ts'

/** `outrigger catalog show NAME[@VERSION]` */
export async function run(call: Call, names: readonly string[]): Promise<number> {
  if (names.length !== 1) return usage(call, 'show', 'expected NAME or NAME@VERSION')
  const format = formatOf(call, 'show')
  const catalogue = format && (await catalogueOfCall(call))
  if (format === undefined || catalogue === undefined) return 2
  const [name = '', version] = names[0]!.split('@')
  const found = catalogue.find(name, version)
  if (!found.ok) {
    call.io.stderr.write(
      `outrigger catalog show: ${found.message}${found.hint ? `\n    hint: ${found.hint}` : ''}\n`,
    )
    return 1
  }
  if (format !== 'table') await print(call, asDocument(found.entry), format)
  else call.io.stdout.write(`${page(found.entry, Math.max(100, call.io.stdout.columns ?? 0)).join('\n')}\n`)
  return 0
}

/** As it could stand in a catalogue, its defaults written out. */
function asDocument({ hash: _, ...entry }: Entry) {
  return { apiVersion: API_VERSION, kind: KIND, ...entry }
}

function page(entry: Entry, width: number): string[] {
  const rendered = withDefaults(entry)
  const section = (title: string, rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? [] : ['', title, ...table(rows, { indent: 2, width })]
  const parameters = parametersOutlined(entry)
  return [
    `${entry.name} ${entry.version}`,
    ...wrap(entry.purpose, width),
    '',
    ...table(facts(entry), { indent: 0, width }),
    ...section('Containers (request–limit)', [
      ['NAME', 'KIND', 'CPU', 'MEMORY', 'IMAGE'],
      ...containersOutlined(rendered).map(each => [each.name, each.kind, each.cpu, each.memory, each.image]),
    ]),
    ...section(
      'Shared with the application',
      rendered.shared.map(({ path, application, sidecar, sizeLimit }) => [
        path,
        `application: ${application}, sidecar: ${sidecar}, at most ${sizeLimit}`,
      ]),
    ),
    ...section(
      'Generated files',
      rendered.files.map(({ path }) => [path]),
    ),
    ...section(
      'Variables of the application',
      rendered.application.flatMap(({ env }) =>
        env.map(each => [String(each['name']), String(each['value'] ?? '(from elsewhere)')]),
      ),
    ),
    ...section(
      'Waivers of Pod Security "restricted"',
      entry.waivers.map(({ field, reason }) => [field, reason]),
    ),
    '',
    'Parameters',
    ...(parameters.length === 0
      ? ['  none']
      : parameters.flatMap(each => [
          `  ${each.name}  (${each.expected}; ${/^required/.test(each.default) ? each.default : each.default === '-' ? 'optional' : `default ${each.default}`})`,
          ...wrap(each.about, width - 6).map(line => `      ${line}`),
        ])),
  ]
}

function facts(entry: Entry): string[][] {
  const rows: [string, string][] = [
    ['owner', entry.owner],
    ['hash', entry.hash],
    [
      'also called',
      Object.entries(entry.aliases)
        .map(([name, { about }]) => `${name} (${about})`)
        .join(' '),
    ],
    ['kubernetes', entry.kubernetes ?? ''],
    ['required', entry.required ? 'yes: pods that ask for it do not start without it' : ''],
    ['requires', entry.requires.join(', ')],
    ['conflicts', entry.conflicts.join(', ')],
    ['replaces', entry.replaces.join(', ')],
    ['compose', entry.compose === undefined ? 'no' : 'yes'],
    [
      'deprecated',
      entry.deprecated === undefined
        ? ''
        : `${entry.deprecated.reason}${entry.deprecated.use ? `; use ${entry.deprecated.use}` : ''}`,
    ],
  ]
  return rows.filter(([, value]) => value !== '')
}
