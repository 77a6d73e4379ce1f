import { nearest } from '../../../kernel/config/suggest.ts'
import type { NotationMap, Surroundings } from '../plugins/plugin.ts'
import type { Settings } from '../plugins/settings.ts'
import { milliseconds } from '../plugins/units.ts'
import { fieldNotation } from '../values/accessor.ts'
import { findParser, formatNotation, type LineFormat } from './format.ts'
import type { MultilineParser } from './parsers.ts'

/** Multiline parsers that come with both. */
const BUILTIN = ['java', 'python', 'go', 'ruby', 'dotnet', 'node', 'docker', 'cri'] as const

/** Lines of a container runtime, or of either of two: the text is the field `key`. */
export function containerFormat(runtimes: readonly ('docker' | 'cri')[], key: string): LineFormat {
  return {
    options: { format: runtimes.length > 1 ? 'container' : runtimes[0] },
    steps: key === 'message' ? [] : [{ rename: { fields: { message: key }, overwrite: false } }],
  }
}

/**
 * Our `multiline` of an input, from the multiline parsers that it names; nothing when there are none. `key` is the field
 * that the text is in at the end; while lines are joined it is still our own.
 */
export function multilineOf(settings: Settings, around: Surroundings, key: string): NotationMap {
  const names = settings.list('multiline.parser')
  const rules = names.flatMap(name => ruleOf(settings, name, around) ?? [])
  if (rules.length === 0) return {}
  const parsers = names.flatMap(name => around.multilineParsers.get(name) ?? [])
  const flushMs = parsers[0]?.flushMs ?? 4000
  const content = parsers.find(({ keyContent }) => keyContent !== undefined)?.keyContent
  const field = content === undefined || content === key ? undefined : fieldNotation([content])
  return {
    multiline: {
      rules,
      ...(field !== undefined && { field }),
      flushAfter: milliseconds(Math.max(10, flushMs)),
    },
  }
}

/** One rule of ours; undefined when there is no such parser, which is told. */
export function ruleOf(
  settings: Settings,
  name: string,
  { multilineParsers }: Surroundings,
): NotationMap | undefined {
  const own = multilineParsers.get(name)
  if (own !== undefined) return ownRule(own)
  const builtin = name.toLowerCase()
  if ((BUILTIN as readonly string[]).includes(builtin)) return { builtin }
  const known = [...multilineParsers.keys(), ...BUILTIN]
  const near = nearest(name, known)
  settings.fail(
    settings.placeOf('multiline.parser'),
    'multiline.parser',
    `there is no multiline parser "${name}"`,
    near === undefined ? `there are ${known.join(', ')}` : `did you mean "${near}"?`,
  )
  return undefined
}

function ownRule({ type, matchString, negate, rules }: MultilineParser): NotationMap {
  if (type === 'endswith') return { end: { endsWith: matchString ?? '', negate } }
  if (type === 'equal') return { end: { equals: matchString ?? '', negate } }
  return {
    states: {
      rules: rules.map(({ from, pattern, to }) => ({
        from,
        pattern,
        to,
      })),
    },
  }
}

/** `Multiline On` with `Parser_Firstline`: a line that the first parser takes begins a record; it is parsed when it is whole. */
export function oldMultilineFormat(
  settings: Settings,
  around: Surroundings,
  key: string,
): LineFormat | undefined {
  const name = settings.text('parser_firstline')
  if (name === undefined) {
    settings.fail(settings.placeOf('multiline'), 'parser_firstline', 'is missing; multiline needs it')
    return undefined
  }
  const first = findParser(settings, 'parser_firstline', name, around.parsers)
  if (first === undefined) return undefined
  if (first.pattern === undefined) {
    settings.fail(
      settings.placeOf('parser_firstline'),
      'parser_firstline',
      `the parser "${name}" is no regex`,
    )
    return undefined
  }
  const others = settings
    .prefixed('parser_')
    .filter(({ key }) => /^parser_\d+$/.test(key))
    .flatMap(({ text }) => findParser(settings, 'parser_1', text, around.parsers) ?? [])
  return {
    options: {
      format: 'raw',
      multiline: {
        rules: [{ start: { pattern: first.pattern } }],
        flushAfter: milliseconds(settings.time('multiline_flush') ?? 4000),
      },
    },
    steps: [
      {
        parse: {
          field: 'message',
          ...formatNotation(first),
          ...(others.length > 0 && { otherwise: others.map(formatNotation) }),
        },
      },
      { rename: { fields: { message: key }, overwrite: false } },
    ],
  }
}
