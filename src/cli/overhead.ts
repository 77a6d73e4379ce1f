import packageFile from '../../package.json' with { type: 'json' }
import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import { resolveParameters } from '../injection/catalogue/parameters.ts'
import { render } from '../injection/catalogue/render.ts'
import { type Estimate, estimate } from '../lint/overhead/estimate.ts'
import { html } from '../lint/overhead/html.ts'
import { text } from '../lint/overhead/text.ts'
import { usageOf } from '../lint/overhead/usage.ts'
import { type Amounts, add, requestsOf } from '../manifests/pod-resources.ts'
import type { Call } from './call.ts'
import { openCatalogue } from './catalogue.ts'
import { figuresOf, readPrices, withNodesOf } from './overhead/options.ts'
import { readSubjects, UnreadableManifests } from './overhead/subjects.ts'
import { readUsage } from './overhead/usage-source.ts'
import { writeAll } from './written-files.ts'

const FORMATS = {
  text: (made: Estimate) => text(made),
  json: (made: Estimate) => `${JSON.stringify(made, null, 2)}\n`,
  html: (made: Estimate) => html(made, packageFile.version),
} as const

/** `outrigger overhead FILE ...` */
export async function run(call: Call): Promise<number> {
  const { io, values } = call
  const fail = (message: string) => {
    io.stderr.write(`outrigger overhead: ${message}\nTry outrigger overhead --help.\n`)
    return 2
  }
  const figures = figuresOf(call)
  if (typeof figures === 'string') return fail(figures)
  const outputs = ((values['output'] as string[] | undefined) ?? ['text']).map(each => {
    const [format = '', ...path] = each.split('=')
    return { format, path: path.length === 0 ? '-' : path.join('=') }
  })
  const wrong = outputs.find(({ format }) => !Object.hasOwn(FORMATS, format))
  if (wrong !== undefined)
    return fail(`-o: expected ${Object.keys(FORMATS).join(', ')}, got "${wrong.format}"`)
  const catalogue = await openCatalogue((values['catalog'] as string[] | undefined) ?? [], io)
  if (!catalogue.ok) {
    io.stderr.write(catalogue.report)
    return 2
  }
  try {
    const { subjectsOn, nodes } = await readSubjects(call)
    const samples = await readUsage(call)
    const made = estimate(subjectsOn, {
      ...withNodesOf(figures, nodes),
      catalogue: catalogue.catalogue,
      prices: await readPrices(values['prices'] as string | undefined, io.cwd),
      usage: samples && usageOf(samples),
      consolidated: consolidatedOf(catalogue.catalogue),
    })
    return writeAll(
      outputs.map(({ format, path }) => ({ path, text: FORMATS[format as keyof typeof FORMATS](made) })),
      io,
      'overhead',
    )
  } catch (error) {
    if (!(error instanceof UnreadableManifests)) return fail((error as Error).message)
    io.stderr.write(error.message)
    return 2
  }
}

/** What our own sidecar asks for with everything on; undefined: the catalogue has none. */
function consolidatedOf(catalogue: Catalogue): Amounts | undefined {
  const found = catalogue.find('outrigger')
  if (!found.ok) return undefined
  const facts = {
    app: { container: 'app', ports: [] },
    workload: { kind: 'Deployment', name: 'app' },
    namespace: 'default',
    target: 'kubernetes' as const,
  }
  const { values } = resolveParameters(found.entry, {}, [], facts)
  return render(found.entry, values, facts)
    .containers.map(({ container }) => requestsOf({ name: '', container, path: [], role: 'sidecar' }))
    .reduce<Amounts>(add, {})
}
