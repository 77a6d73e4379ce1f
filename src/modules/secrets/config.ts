import { checkEntryNames, entryNames } from '../../kernel/config/entry-names.ts'
import type { Problem } from '../../kernel/config/problem.ts'
import { type Infer, s } from '../../kernel/config/schema.ts'
import { checkDelivery, contentsOf, deliverySchema } from './deliveries/kinds.ts'
import { checkLastGood, lastGoodConfig } from './last-good/config.ts'
import { parseReference } from './reference.ts'
import { checkBases } from './sources/bases.ts'
import { checkSource, sourceSchema } from './sources/kinds.ts'

export const secretsConfig = s.object(
  {
    sources: s.list(sourceSchema, {
      about: 'Where secrets come from. The first one is meant where a reference names none.',
      minItems: 1,
    }),
    deliveries: s.list(deliverySchema, {
      about:
        'How secrets reach the application. Other modules take theirs by a reference in any option of theirs: a dollar sign, then {secret:path#key}.',
      default: [],
    }),
    interval: s.duration({
      about:
        'How often secrets are asked for that have no end of their own (KV), give or take a twentieth, where their source does not say.',
      default: '5m',
      min: '1s',
    }),
    renewAt: s.number({
      about: 'The part of its time after which a secret that cannot be renewed is replaced.',
      default: 0.9,
      min: 0.1,
      max: 0.95,
    }),
    lastGood: lastGoodConfig,
    startDegraded: s.boolean({
      about:
        'Be ready, and start the application, with the last good values of an earlier run while a source is away. Needs `lastGood`.',
      default: false,
    }),
    limits: s.object(
      {
        secrets: s.integer({
          about: 'How many secrets may be held at once.',
          default: 10_000,
          min: 1,
          max: 1_000_000,
        }),
        requests: s.integer({
          about: 'How many requests to one source may be under way at once.',
          default: 8,
          min: 1,
          max: 256,
        }),
      },
      { about: 'Upper bounds.', default: {} },
    ),
  },
  {
    about:
      'Fetches secrets, renews and replaces them in time, and delivers them to the application and to other modules.',
  },
)

export type SecretsConfig = Infer<typeof secretsConfig>

/** What the schema cannot say. */
export function checkSecrets({ sources, deliveries, lastGood, startDegraded }: SecretsConfig): Problem[] {
  return [
    ...(lastGood === undefined ? [] : checkLastGood(lastGood)),
    ...(startDegraded && lastGood === undefined
      ? [
          {
            path: ['startDegraded'],
            message: 'there are no last good values to start with',
            hint: 'give lastGood a key',
          },
        ]
      : []),
    ...sources.flatMap((source, index) =>
      checkSource(source).map(problem => ({
        ...problem,
        path: ['sources', index, source.kind, ...problem.path],
      })),
    ),
    ...checkEntryNames(sources, 'sources'),
    ...checkBases(sources),
    ...deliveries.flatMap((delivery, index) =>
      checkDelivery(delivery).map(problem => ({
        ...problem,
        path: ['deliveries', index, delivery.kind, ...problem.path],
      })),
    ),
    ...checkEntryNames(deliveries, 'deliveries'),
    ...checkReferences(deliveries, entryNames(sources)),
    ...checkTargets(deliveries),
    ...checkTokens(deliveries, sources),
    ...checkServed(deliveries, sources),
  ]
}

type Deliveries = SecretsConfig['deliveries']

/** A KV engine is made of sources that are none themselves; Vault has its own API, which is more. */
function checkServed(deliveries: Deliveries, sources: SecretsConfig['sources']): Problem[] {
  const names = entryNames(sources)
  const hasVault = sources.some(({ kind }) => kind === 'vault')
  return deliveries.flatMap(({ kind, config }, index) => {
    if (kind === 'gateway' && !hasVault)
      return [
        {
          path: ['deliveries', index, 'gateway'],
          message: 'there is no source that is a Vault server',
          hint: 'api serves any other source in the same way',
        },
      ]
    if (kind !== 'api') return []
    const at = config.source === undefined ? 0 : names.indexOf(config.source)
    const path = ['deliveries', index, 'api', 'source']
    if (at < 0)
      return [
        { path, message: `there is no source "${config.source}"`, hint: `there are ${names.join(', ')}` },
      ]
    if (sources[at]!.kind !== 'vault') return []
    return [
      {
        path,
        message: 'is a Vault server, which has this API itself',
        hint: 'use gateway, or name another source',
      },
    ]
  })
}

function checkReferences(deliveries: Deliveries, sources: readonly string[]): Problem[] {
  return deliveries.flatMap((delivery, index) =>
    contentsOf(delivery).flatMap(({ path, content }) => {
      if (content.secret === undefined || parseReference(content.secret, sources) !== undefined) return []
      return [
        {
          path: ['deliveries', index, delivery.kind, ...path, 'secret'],
          message: `"${content.secret}" is no reference to a secret`,
          hint: `write path, path#key or source:path#key; there are the sources ${sources.join(', ')}`,
        },
      ]
    }),
  )
}

/** Only Vault gives tokens. */
function checkTokens(deliveries: Deliveries, sources: SecretsConfig['sources']): Problem[] {
  const names = entryNames(sources)
  return deliveries.flatMap((delivery, index) => {
    if (delivery.kind !== 'token') return []
    const { source: wanted = names[0] } = delivery.config
    const found = sources[names.indexOf(wanted!)]
    if (found?.kind === 'vault') return []
    return [
      {
        path: ['deliveries', index, 'token', 'source'],
        message: `"${wanted}" is ${found === undefined ? 'no source' : `a source of ${found.kind}, which has no token`}`,
        hint: 'name a source of the kind vault',
      },
    ]
  })
}

/** Two deliveries to one place would overwrite each other for ever. */
function checkTargets(deliveries: Deliveries): Problem[] {
  const targets = deliveries.map(({ config }) => ('path' in config ? config.path : undefined))
  return deliveries.flatMap(({ kind }, index) => {
    const first = targets.indexOf(targets[index])
    if (targets[index] === undefined || first === index) return []
    return [
      {
        path: ['deliveries', index, kind, 'path'],
        message: `deliveries[${first}] writes there already`,
        hint: 'give each delivery a path of its own',
      },
    ]
  })
}
