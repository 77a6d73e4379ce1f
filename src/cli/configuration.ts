import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { SecretLookUp } from '../kernel/config/environment.ts'
import { type Loaded, loadConfiguration } from '../kernel/config/load.ts'
import { modules } from '../modules/registry.ts'
import type { Call } from './call.ts'

const usualPlaces = ['outrigger.yaml', '/etc/outrigger/outrigger.yaml']

/** The files that the call names with -c, else the first usual place that exists; empty when there is none. */
export function configurationFiles({ values, io }: Pick<Call, 'values' | 'io'>): readonly string[] {
  const given = values['config'] as readonly string[] | undefined
  if (given !== undefined && given.length > 0) return given
  return usualPlaces.filter(place => existsSync(resolve(io.cwd, place))).slice(0, 1)
}

/** Loads what the call names; a missing configuration is reported as every other problem is. */
export async function loadForCall(
  call: Pick<Call, 'values' | 'io'>,
  secrets?: SecretLookUp,
): Promise<Loaded> {
  const files = configurationFiles(call)
  if (files.length > 0)
    return loadConfiguration({
      files,
      environment: call.io.env,
      modules,
      cwd: call.io.cwd,
      ...(secrets !== undefined && { secrets }),
    })
  const report = `no configuration: there is neither ${usualPlaces.join(' nor ')}\n    hint: name one with -c FILE, or write one with outrigger init\n`
  return { ok: false, report, problems: [] }
}
