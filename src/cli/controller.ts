import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { controllerModules } from '../injection/controller/registry.ts'
import { parseAddress } from '../kernel/config/address.ts'
import { type Loaded, loadConfiguration } from '../kernel/config/load.ts'
import type { Call } from './call.ts'
import { BUILT_IN, readSources } from './catalogue.ts'
import { runModules } from './run.ts'

const USUAL_PLACES = ['controller.yaml', '/etc/outrigger/controller.yaml']
const DEFAULTS = { cluster: {}, injection: {}, watchdog: {} }

/** `outrigger controller`: the admission webhook and the watchdog, by the life cycle of every Outrigger process. */
export async function run(call: Call): Promise<number> {
  const wrong = mistake(call)
  if (wrong === undefined) return runModules(call, () => loadController(call))
  call.io.stderr.write(`outrigger controller: ${wrong}\nTry outrigger controller --help.\n`)
  return 2
}

/** Files and flags together; without a file the flags say what differs from the defaults. */
export function loadController({ values, io }: Pick<Call, 'values' | 'io'>): Promise<Loaded> {
  const given = values['config'] as readonly string[] | undefined
  const usual = USUAL_PLACES.filter(place => existsSync(resolve(io.cwd, place))).slice(0, 1)
  const files = given ?? usual
  const catalog = (values['catalog'] as readonly string[] | undefined)?.map(path => resolve(io.cwd, path))
  const injection = {
    ...(values['listen'] !== undefined && { listen: values['listen'] }),
    ...(catalog !== undefined && { catalog }),
    ...(values['certificate'] !== undefined && {
      certificate: {
        files: {
          certificate: resolve(io.cwd, String(values['certificate'])),
          key: resolve(io.cwd, String(values['key'])),
        },
      },
    }),
  }
  const alone = values['no-cluster'] === true
  const defaults = files.length > 0 ? {} : alone ? { injection: {} } : DEFAULTS
  return loadConfiguration({
    files,
    environment: io.env,
    modules: controllerModules({ builtInCatalogue: async () => (await readSources([BUILT_IN], io)).files }),
    cwd: io.cwd,
    overrides: {
      ...defaults,
      ...(Object.keys(injection).length > 0 && { injection }),
      ...(values['evict'] === true && { watchdog: { evict: {} } }),
    },
  })
}

function mistake({ values, positionals }: Call): string | undefined {
  if (positionals.length > 0) return `unexpected "${positionals[0]}"`
  const { listen, certificate, key } = values
  if (listen !== undefined && parseAddress(String(listen)) === undefined)
    return `--listen: expected an address such as 0.0.0.0:10250, got "${String(listen)}"`
  if ((certificate === undefined) !== (key === undefined)) return '--certificate and --key go together'
  return values['no-cluster'] === true && values['evict'] === true ? '--evict needs a cluster' : undefined
}
