import { at, isObject, type JsonObject, type Path } from '../../../manifests/json.ts'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { InjectionContext } from '../injection.ts'
import { quote } from '../pod.ts'
import type { Tell } from '../refusal.ts'
import { DOMAIN, readSetting } from '../vocabulary.ts'
import type { Adopted, Asked } from '../wish.ts'
import { type ForeignInjector, INJECTORS, type Signs } from './injectors.ts'
import { vaultSecrets } from './vault.ts'

const VAULT_SECRETS = 'vault-agent.secrets'
const ANNOTATIONS: Path = ['metadata', 'annotations']

/** A pod that another injector is asked about. */
interface Adoption {
  readonly injector: ForeignInjector
  readonly by: string
}

/**
 * What a pod asks of other injectors, as wishes to us. Every annotation of such an injector is either understood or told
 * by name, so that none is lost on the way.
 */
export function adopt(
  template: JsonObject,
  catalogue: Catalogue,
  context: InjectionContext,
  tell: Tell,
): Adopted {
  const signs = signsOf(template, context)
  const asked: Asked[] = []
  const settings: Adopted['settings'][number][] = []
  for (const { injector, by } of adoptionsOf(signs)) {
    const path = Object.hasOwn(signs.annotations, by) ? [...ANNOTATIONS, by] : ANNOTATIONS
    const { name, sidecar } = injector
    if (!catalogue.find(sidecar).ok) {
      tell('warning', 'not-adopted', path, `${by} asks for ${sidecar}, which is not in the catalogue`)
      continue
    }
    asked.push({ name: sidecar, path })
    tell(
      'info',
      'adopted',
      path,
      `${by} is understood as ${DOMAIN}inject: ${sidecar}`,
      `write that instead of it, or ${name} puts its own sidecar beside ours where it is installed`,
    )
    settings.push(...settingsOf(injector, signs, catalogue, tell))
  }
  return { asked, settings }
}

/** Without adoption: other injectors that will do what was asked of us, too. */
export function tellRivals(
  template: JsonObject,
  chosen: ReadonlySet<string>,
  catalogue: Catalogue,
  context: InjectionContext,
  tell: Tell,
): void {
  for (const { injector, by } of adoptionsOf(signsOf(template, context))) {
    const found = catalogue.find(injector.sidecar)
    if (!found.ok || !chosen.has(found.entry.name)) continue
    tell(
      'warning',
      'two-injectors',
      ANNOTATIONS,
      `${by} asks ${injector.name} for its own sidecar beside ${found.entry.name}`,
      'keep one of the two; --adopt takes over what the other was asked',
    )
  }
}

function signsOf(template: JsonObject, { namespace }: InjectionContext): Signs {
  const mapping = (name: string): JsonObject => {
    const value = at(template, ['metadata', name])
    return isObject(value) ? value : {}
  }
  return {
    annotations: mapping('annotations'),
    labels: mapping('labels'),
    namespaceAnnotations: namespace?.annotations ?? {},
    namespaceLabels: namespace?.labels ?? {},
  }
}

function adoptionsOf(signs: Signs): Adoption[] {
  return INJECTORS.flatMap(injector => {
    const by = injector.asks(signs)
    return by === undefined ? [] : [{ injector, by }]
  })
}

function settingsOf(
  injector: ForeignInjector,
  signs: Signs,
  catalogue: Catalogue,
  tell: Tell,
): Adopted['settings'][number][] {
  const settings: Adopted['settings'][number][] = []
  const taken = new Set(injector.silent)
  const secrets = injector.sidecar === 'vault-agent' ? vaultSecrets(signs.annotations) : undefined
  if (secrets !== undefined && readSetting(VAULT_SECRETS, catalogue).kind === 'setting') {
    const path = [...ANNOTATIONS, secrets.keys[0]!]
    settings.push({ word: VAULT_SECRETS, value: secrets.value, path })
    for (const key of secrets.keys) taken.add(key)
    tell(
      'info',
      'adopted',
      path,
      'files of secrets hold the JSON of all fields, where the Vault Agent Injector writes lines of its own',
      'name a field of each in outrigger.dev/vault-agent.secrets to have its value alone',
    )
  }
  for (const [key, value] of Object.entries(signs.annotations)) {
    const prefix = injector.prefixes.find(each => key.startsWith(each))
    if (prefix === undefined || taken.has(key)) continue
    const path = [...ANNOTATIONS, key]
    const word = wordFor(key.slice(prefix.length), injector, catalogue)
    if (word !== undefined && typeof value === 'string') settings.push({ word, value, path })
    else tell('warning', 'not-adopted', path, `${quote(key)} has no counterpart here and is not observed`)
  }
  const collector = signs.annotations['sidecar.opentelemetry.io/inject']
  if (injector.sidecar === 'otel-collector' && typeof collector === 'string' && collector !== 'true')
    tell(
      'warning',
      'not-adopted',
      [...ANNOTATIONS, 'sidecar.opentelemetry.io/inject'],
      `the configuration of the OpenTelemetryCollector ${quote(collector)} is not known here`,
      'give what it says as parameters of otel-collector',
    )
  return settings
}

/** By the table, else the parameter of the same name: app-id is appId. */
function wordFor(suffix: string, injector: ForeignInjector, catalogue: Catalogue): string | undefined {
  const listed = Object.hasOwn(injector.words, suffix) ? injector.words[suffix] : undefined
  if (listed !== undefined) return readSetting(listed, catalogue).kind === 'setting' ? listed : undefined
  const found = catalogue.find(injector.sidecar)
  if (!found.ok || found.entry.name !== injector.sidecar) return undefined
  const plain = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()
  const name = Object.keys(found.entry.parameters).find(each => plain(each) === plain(suffix))
  return name === undefined ? undefined : `${found.entry.name}.${name}`
}
