import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import packageFile from '../../package.json' with { type: 'json' }
import type { CatalogueFile } from '../injection/catalogue/read.ts'
import { installObjects, manifestText } from '../injection/install/install.ts'
import { type Certificates, DEFAULT_INSTALL, type InstallOptions } from '../injection/install/options.ts'
import { policyObjects } from '../injection/install/policy.ts'
import { requiredNames } from '../injection/kubernetes/selection.ts'
import type { JsonObject } from '../manifests/json.ts'
import type { Call } from './call.ts'
import { BUILT_IN, openCatalogue, readSources } from './catalogue.ts'

const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/
const IMAGE = /^[a-z0-9][\w.:/@-]*$/
/** `kubectl apply` keeps a copy of each object in an annotation, and annotations may have so many bytes. */
const MAX_CATALOGUE_BYTES = 250_000

/** What is wrong with the call; its text is the message. */
class Mistake extends Error {}

/** `outrigger install`: prints what a cluster needs; nothing is sent anywhere. */
export async function run(call: Call): Promise<number> {
  const { io } = call
  try {
    const policies = call.values['policy'] as readonly string[] | undefined
    if (policies !== undefined) return await printPolicies(call, policies)
    if (call.values['policy-version'] !== undefined) throw new Mistake('--policy-version goes with --policy')
    const options = await readOptions(call)
    io.stdout.write(manifestText(installObjects(options)))
    return 0
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    io.stderr.write(`outrigger install: ${error.message}\nTry outrigger install --help.\n`)
    return 2
  }
}

/** `--policy ENTRY`, or `all` for those that can be had so: no controller, only policies. All of them or none. */
async function printPolicies({ io, values }: Call, asked: readonly string[]): Promise<number> {
  const version = String(values['policy-version'] ?? 'v1')
  if (version !== 'v1' && version !== 'v1beta1')
    throw new Mistake(`--policy-version: expected v1 or v1beta1, got "${version}"`)
  const opened = await openCatalogue((values['catalog'] as readonly string[] | undefined) ?? [BUILT_IN], io)
  if (!opened.ok) throw new Mistake(`the catalogue has mistakes:\n${opened.report.trimEnd()}`)
  const { catalogue } = opened
  const all = asked.includes('all')
  const names = all ? [...new Set(catalogue.entries.map(({ name }) => name))] : asked
  const spared = ['kube-system', String(values['namespace'] ?? DEFAULT_INSTALL.namespace)]
  const objects: JsonObject[] = []
  let refused = 0
  for (const name of names) {
    const result = policyObjects(name, catalogue, { version, spared })
    if (result.ok) objects.push(...result.objects)
    else {
      refused++
      io.stderr.write(`outrigger install: ${name} needs the webhook: ${result.reason}\n`)
    }
  }
  if (!all && refused > 0) return 1
  io.stdout.write(manifestText(objects))
  return 0
}

async function readOptions(call: Call): Promise<InstallOptions> {
  const { values } = call
  const text = (name: string, otherwise: string, pattern: RegExp, expected: string): string => {
    const value = String(values[name] ?? otherwise)
    if (!pattern.test(value)) throw new Mistake(`--${name}: expected ${expected}, got "${value}"`)
    return value
  }
  const number = (name: string, otherwise: number, least: number, most: number): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (!Number.isInteger(value) || value < least || value > most)
      throw new Mistake(
        `--${name}: expected a number from ${least} to ${most}, got "${String(values[name])}"`,
      )
    return value
  }
  const { catalogue, required } = await readCatalogues(call)
  return {
    namespace: text('namespace', DEFAULT_INSTALL.namespace, NAMESPACE, 'the name of a namespace'),
    image: text('image', `outrigger/outrigger:${packageFile.version}`, IMAGE, 'the name of an image'),
    replicas: number('replicas', DEFAULT_INSTALL.replicas, 1, 20),
    port: number('port', DEFAULT_INSTALL.port, 1024, 65_535),
    timeoutSeconds: number('timeout', DEFAULT_INSTALL.timeoutSeconds, 2, 30),
    certificates: await readCertificates(call),
    failClosed: values['fail-closed'] === true,
    warnAll: values['warn-all'] === true,
    adopt: values['adopt'] === true,
    evict: values['evict'] === true,
    mesh:
      values['mesh'] === undefined
        ? undefined
        : text('mesh', '', /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/, 'a domain in lower case'),
    networkPolicy: values['network-policy'] === true,
    catalogue,
    required,
  }
}

async function readCertificates({ values, io }: Call): Promise<Certificates> {
  const kind = String(values['certificates'] ?? 'self')
  const { issuer, secret, 'ca-bundle': bundle } = values
  const takes = (name: string, of: string) => {
    if (values[name] !== undefined && kind !== of)
      throw new Mistake(`--${name} goes with --certificates ${of}`)
  }
  takes('issuer', 'cert-manager')
  takes('secret', 'files')
  takes('ca-bundle', 'files')
  if (kind === 'self') return { kind }
  if (kind === 'cert-manager') return { kind, ...(issuer !== undefined && { issuer: String(issuer) }) }
  if (kind !== 'files')
    throw new Mistake(`--certificates: expected self, cert-manager or files, got "${kind}"`)
  if (secret === undefined || !NAME.test(String(secret)))
    throw new Mistake('--certificates files needs --secret, the name of a Secret with tls.crt and tls.key')
  if (bundle === undefined)
    throw new Mistake('--certificates files needs --ca-bundle, the file of the authority (PEM)')
  const authority = await readFile(resolve(io.cwd, String(bundle)), 'utf8').catch(error => {
    throw new Mistake(`--ca-bundle: ${(error as Error).message}`)
  })
  if (!authority.includes('-----BEGIN CERTIFICATE-----'))
    throw new Mistake(`--ca-bundle: there is no certificate (PEM) in ${String(bundle)}`)
  return { kind, secret: String(secret), authority }
}

async function readCatalogues({ values, io }: Call): Promise<{
  readonly catalogue: readonly CatalogueFile[] | undefined
  readonly required: readonly string[]
}> {
  const paths = values['catalog'] as readonly string[] | undefined
  const opened = await openCatalogue(paths ?? [BUILT_IN], io)
  if (!opened.ok) throw new Mistake(`the catalogue has mistakes:\n${opened.report.trimEnd()}`)
  const required = requiredNames(opened.catalogue)
  if (paths === undefined) return { catalogue: undefined, required }
  const sources = await readSources(paths, io)
  const files = sources.files.map(({ name, text }) => ({ name: name.split('/').at(-1)!, text }))
  const twice = files.find(({ name }, index) => files.findIndex(other => other.name === name) < index)
  if (twice !== undefined) throw new Mistake(`two files of the catalogue are named ${twice.name}`)
  const bytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  if (bytes > MAX_CATALOGUE_BYTES)
    throw new Mistake(
      `the catalogue has ${bytes} bytes, a ConfigMap that is applied takes ${MAX_CATALOGUE_BYTES}: name fewer entries`,
    )
  return { catalogue: files, required }
}
