import { Settings } from '../plugins/settings.ts'
import type { Finding, Item, Section } from '../syntax/document.ts'
import { isList, isMapping, textOf } from '../syntax/document.ts'
import { translateRegex } from '../values/regex.ts'
import { readWords } from '../values/scalars.ts'
import { type MultilineParser, type MultilineParsers, multilineParserOptions } from './parsers.ts'

/** Reads all multiline parsers. */
export function readMultilineParsers(sections: readonly Section[], findings: Finding[]): MultilineParsers {
  const parsers = new Map<string, MultilineParser>()
  for (const section of sections) {
    const parser = readMultilineParser(section, findings)
    if (parser !== undefined && !parsers.has(parser.name)) parsers.set(parser.name, parser)
  }
  return parsers
}

function readMultilineParser(section: Section, findings: Finding[]): MultilineParser | undefined {
  const name = textOf(section, 'name')
  const title = `multiline parser ${name ?? ''}`.trimEnd()
  const settings = new Settings(section, title, multilineParserOptions, findings, [])
  if (name === undefined) {
    settings.fail(section.place, 'name', 'a multiline parser needs a name')
    return undefined
  }
  const type = settings.choice('type', ['regex', 'endswith', 'equal'] as const)
  if (type === undefined) {
    if (!settings.has('type')) settings.fail(section.place, 'type', 'is missing', 'regex, endswith or equal')
    return undefined
  }
  const matchString = settings.text('match_string')
  if (type !== 'regex' && matchString === undefined)
    settings.fail(section.place, 'match_string', `is missing; type ${type} needs it`)
  const rules = [...rulesOfText(settings), ...rulesOfList(settings)]
  if (type === 'regex' && rules.length === 0)
    settings.fail(section.place, 'rule', 'is missing; type regex needs rules')
  const [parser, keyContent] = [settings.text('parser'), settings.text('key_content')]
  const [keyGroup, keyPattern] = [settings.text('key_group'), settings.text('key_pattern')]
  return {
    name,
    type,
    ...(matchString !== undefined && { matchString }),
    negate: settings.boolean('negate') ?? false,
    ...(parser !== undefined && { parser }),
    ...(keyContent !== undefined && { keyContent }),
    ...(keyGroup !== undefined && { keyGroup }),
    ...(keyPattern !== undefined && { keyPattern }),
    flushMs: flushOf(settings),
    rules,
  }
}

/** A bare number counts milliseconds here. */
function flushOf(settings: Settings): number {
  const text = settings.text('flush_timeout')
  if (text === undefined) return 4000
  if (/^\d+$/.test(text)) return Number(text)
  return settings.time('flush_timeout') ?? 4000
}

type Rule = MultilineParser['rules'][number]

/** `"start_state" "/^Dec/" "cont"` */
function rulesOfText(settings: Settings): Rule[] {
  return settings.written('rule').flatMap(({ text, place }) => {
    const [from, pattern, to] = quotedWords(text)
    if (from === undefined || pattern === undefined || to === undefined) {
      settings.fail(place, 'rule', `expected "STATE" "/REGEX/" "NEXT", got ${text}`)
      return []
    }
    return ruleOf(settings, from, pattern, to, { place })
  })
}

/** As `readWords`, but a backslash stays in front of all else than a quote. */
function quotedWords(text: string): string[] {
  const words = [...text.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, word]) => word.replaceAll('\\"', '"'))
  return words.length >= 3 ? words : readWords(text)
}

function rulesOfList(settings: Settings): Rule[] {
  const list = settings.structure('rules')
  if (list === undefined) return []
  if (!isList(list.value)) {
    settings.fail(list.place, 'rules', 'expected a list of rules')
    return []
  }
  return list.value.flatMap(item => {
    if (!isMapping(item.value)) return []
    const [from, pattern, to] = ['state', 'regex', 'next_state'].map(key => textOf(item.value as never, key))
    if (from === undefined || pattern === undefined || to === undefined) {
      settings.fail(item.place, 'rules', 'expected a mapping with state, regex and next_state')
      return []
    }
    return ruleOf(settings, from, pattern, to, item)
  })
}

function ruleOf(
  settings: Settings,
  from: string,
  pattern: string,
  to: string,
  { place }: Pick<Item, 'place'>,
): Rule[] {
  const regex = translateRegex(pattern)
  if ('source' in regex)
    return [{ from: from.split(',').map(state => state.trim()), pattern: regex.source, to }]
  settings.fail(place, 'rule', `${pattern}: ${regex.problem}`)
  return []
}
