import { parse as parseYaml } from 'yaml'
import type { User } from './access.ts'
import type { Admission, Operation } from './admission/review.ts'
import { withServiceAccount } from './admission/service-account.ts'
import type { Outcome, WebhookAdmission } from './admission/webhooks.ts'
import type { Ownership } from './apply.ts'
import { fillDefaults } from './defaults.ts'
import { badRequest, conflict, Failure, invalid } from './failure.ts'
import { shaped } from './fields.ts'
import { apiVersionOf, findKind, type Kind } from './kinds.ts'
import { patched } from './patch.ts'
import type { Store } from './store.ts'
import { copy, isTree, type Tree } from './tree.ts'
import { same, validate } from './validation/validate.ts'
import type { Route } from './wish.ts'

export interface WriteContext {
  readonly store: Store
  readonly webhooks: WebhookAdmission
  readonly ownership: Ownership
}

/** A request that writes, with its body as it came. */
export interface Write {
  readonly route: Route
  readonly user: User
  readonly text: string
  readonly contentType: string
  /** Is filled with what goes back besides the object. */
  readonly outcome: Outcome
}

export async function create(context: WriteContext, write: Write): Promise<Tree> {
  const { route } = write
  const object = decoded(route, write, parsedJson(write.text))
  return createObject(context, write, object)
}

async function createObject(context: WriteContext, write: Write, given: Tree): Promise<Tree> {
  const { store, webhooks } = context
  const { route, user, outcome } = write
  const { kind, namespace } = route
  const dryRun = isDryRun(route)
  const inspect = (object: Tree) => normal(kind, object, write)
  if (namespace !== '' && !store.find(findKind('', 'v1', 'namespaces')!, '', namespace))
    throw new Failure(404, 'NotFound', `namespaces "${namespace}" not found`, {
      name: namespace,
      kind: 'namespaces',
    })
  const builtIn = kind.kind === 'Pod' ? withServiceAccount : (object: Tree) => object
  const admission = (object: Tree): Admission => ({
    operation: 'CREATE',
    kind,
    namespace,
    name: object['metadata'].name ?? '',
    subresource: '',
    object,
    oldObject: undefined,
    dryRun,
    user,
  })
  let object = builtIn(inspect(given))
  object = inspect(await webhooks.mutate(admission(object), outcome, builtIn, inspect))
  const { metadata } = object
  if (kind.namespaced) metadata.namespace = namespace
  if (!metadata.name && metadata.generateName)
    metadata.name = `${metadata.generateName.slice(0, 58)}${randomSuffix()}`
  delete metadata.uid
  delete metadata.resourceVersion
  if (object['spec'] !== undefined) metadata.generation = 1
  validate(kind, object, undefined)
  await webhooks.validate(admission(object), outcome)
  return store.create(kind, object, dryRun)
}

export async function replace(context: WriteContext, write: Write): Promise<Tree> {
  const { route } = write
  const object = decoded(route, write, parsedJson(write.text))
  const name = object['metadata'].name
  if (name !== route.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${route.name})`)
  return updateObject(context, write, object)
}

async function updateObject(context: WriteContext, write: Write, given: Tree): Promise<Tree> {
  const { store, webhooks } = context
  const { route, user, outcome } = write
  const { kind, namespace, name, subresource } = route
  const dryRun = isDryRun(route)
  const old = store.get(kind, namespace, name)
  const inspect = (object: Tree) => withSubresource(kind, normal(kind, object, write), old, subresource)
  const admission = (object: Tree): Admission => ({
    operation: 'UPDATE',
    kind,
    namespace,
    name,
    subresource,
    object,
    oldObject: old,
    dryRun,
    user,
  })
  let object = inspect(given)
  object = inspect(await webhooks.mutate(admission(object), outcome, each => each, inspect))
  if (kind.namespaced) object['metadata'].namespace = namespace
  const { generation, deletionTimestamp } = old['metadata']
  if (generation !== undefined)
    object['metadata'].generation = same(object['spec'], old['spec']) ? generation : generation + 1
  if (deletionTimestamp !== undefined) object['metadata'].deletionTimestamp = deletionTimestamp
  if (subresource === '') validate(kind, object, old)
  await webhooks.validate(admission(object), outcome)
  const stored = store.update(kind, object, dryRun)
  const finished = deletionTimestamp !== undefined && !(stored['metadata'].finalizers?.length > 0)
  return finished ? store.delete(kind, namespace, name, dryRun) : stored
}

/** Patches are made on the newest version, and again when somebody else was faster, as the real one does. */
export async function patch(context: WriteContext, write: Write): Promise<Tree> {
  const { route, contentType, text } = write
  const { kind, namespace, name } = route
  if (contentType === 'application/apply-patch+yaml') return apply(context, write)
  const body = parsedJson(text)
  for (let attempt = 1; ; attempt++) {
    const old = context.store.get(kind, namespace, name)
    const next = patched(kind, { ...typed(kind, old) }, contentType, body)
    const asked = isTree(body) ? body['metadata']?.resourceVersion : undefined
    try {
      return await updateObject(context, write, decoded(route, write, next))
    } catch (error) {
      const raced = error instanceof Failure && error.reason === 'Conflict' && asked === undefined
      if (!raced || attempt === 5) throw error
    }
  }
}

async function apply(context: WriteContext, write: Write): Promise<Tree> {
  const { store, ownership } = context
  const { route, text } = write
  const { kind, namespace, name, query } = route
  const manager = query.get('fieldManager')
  if (!manager)
    throw invalid('PatchOptions', 'meta.k8s.io', '', [
      { field: 'fieldManager', message: 'Required value: is required for apply patch' },
    ])
  const config = parseYaml(text)
  if (!isTree(config)) throw badRequest('an apply patch must be an object')
  decoded(route, write, config)
  if (config['metadata']?.managedFields) throw badRequest('metadata.managedFields must be nil')
  const old = store.find(kind, namespace, name)
  const next = ownership.apply(kind, old, config, manager, query.get('force') === 'true')
  const wanted = config['metadata']?.resourceVersion
  if (old && wanted !== undefined && wanted !== old['metadata'].resourceVersion)
    throw conflict(kind.resource, kind.group, name)
  const stored = old
    ? await updateObject(context, write, decoded(route, write, next))
    : await createObject(
        context,
        write,
        decoded(route, write, { ...next, metadata: { ...next['metadata'], name } }),
      )
  if (!isDryRun(route)) ownership.stored(stored['metadata'].uid)
  return stored
}

export async function remove(context: WriteContext, write: Write, name = write.route.name): Promise<Tree> {
  const { store, webhooks } = context
  const { route, user, outcome, text } = write
  const { kind, namespace } = route
  const dryRun = isDryRun(route)
  const options = text === '' ? {} : parsedJson(text)
  const old = store.get(kind, namespace, name)
  const { uid, resourceVersion } = options['preconditions'] ?? {}
  if (uid !== undefined && uid !== old['metadata'].uid)
    throw conflict(
      kind.resource,
      kind.group,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old['metadata'].uid}`,
    )
  if (resourceVersion !== undefined && resourceVersion !== old['metadata'].resourceVersion)
    throw conflict(kind.resource, kind.group, name, 'Precondition failed: ResourceVersion in precondition')
  const admission = {
    operation: 'DELETE' as Operation,
    kind,
    namespace,
    name,
    subresource: '',
    object: undefined,
    oldObject: old,
    dryRun,
    user,
  }
  await webhooks.validate(admission, outcome)
  if (!(old['metadata'].finalizers?.length > 0)) return store.delete(kind, namespace, name, dryRun)
  old['metadata'].deletionTimestamp ??= new Date().toISOString().replace(/\.\d+/, '')
  return store.update(kind, old, dryRun)
}

export function isDryRun({ query }: Route): boolean {
  const values = query.getAll('dryRun')
  if (values.some(value => value !== 'All'))
    throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(values)}: supported values: "All"`)
  return values.length > 0
}

function parsedJson(text: string): Tree {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message}`)
  }
}

/** Reads a body as an object of the route's kind; unknown fields are dropped, told, or refused, as `fieldValidation` says. */
function decoded({ kind, namespace, query }: Route, { outcome }: Write, value: unknown): Tree {
  if (!isTree(value)) throw badRequest('the object provided is unrecognized: it must be an object')
  const { apiVersion, kind: named } = value
  if (named !== kind.kind || apiVersion !== apiVersionOf(kind))
    throw badRequest(
      `${named ?? 'the object'} in version ${JSON.stringify(apiVersion ?? '')} cannot be handled as a ${kind.kind}`,
    )
  const { value: known, shape } = shaped(kind.type, value)
  if (shape.unreadable.length > 0)
    throw badRequest(
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${shape.unreadable.join(', ')}`,
    )
  const mode = query.get('fieldValidation') || 'Warn'
  const unknown = shape.unknown.map(field => `unknown field ${JSON.stringify(field)}`)
  if (mode === 'Strict' && unknown.length > 0)
    throw badRequest(`strict decoding error: ${unknown.join(', ')}`)
  if (mode === 'Warn') outcome.warnings.push(...unknown.filter(each => !outcome.warnings.includes(each)))
  known['metadata'] ??= {}
  const given = known['metadata'].namespace
  if (given !== undefined && given !== namespace)
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
  return known
}

/** With defaults, and whole: what a webhook has broken is found here. */
function normal(kind: Kind, given: Tree, { outcome }: Write): Tree {
  const { value, shape } = shaped(kind.type, given)
  for (const field of shape.unknown) {
    const text = `unknown field ${JSON.stringify(field)}`
    if (!outcome.warnings.includes(text)) outcome.warnings.push(text)
  }
  if (shape.unreadable.length > 0)
    throw new Failure(
      500,
      'InternalError',
      `Internal error occurred: the object cannot be decoded: ${shape.unreadable.join(', ')}`,
    )
  const object = copy(value)
  const causes = shape.missing
  if (causes.length > 0) throw invalid(kind.kind, kind.group, object['metadata']?.name ?? '', causes)
  fillDefaults(kind, object)
  return object
}

/** The main resource leaves the status as it is, `/status` all else. */
function withSubresource(kind: Kind, object: Tree, old: Tree, subresource: string): Tree {
  if (!kind.subresources.includes('status')) return object
  if (subresource === 'status') return { ...copy(old), ...(object['status'] && { status: object['status'] }) }
  const { status: _, ...rest } = object
  return { ...rest, ...(old['status'] && { status: copy(old['status']) }) }
}

export function typed(kind: Kind, object: Tree): Tree {
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), ...object }
}

function randomSuffix(): string {
  return Array.from({ length: 5 }, () => 'bcdfghjklmnpqrstvwxz2456789'[Math.floor(Math.random() * 27)]).join(
    '',
  )
}
