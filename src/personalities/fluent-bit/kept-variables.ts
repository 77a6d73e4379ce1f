// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of configurations, not templates
import { type FluentBitLoaded, type LoadOptions, loadFluentBit } from './load.ts'
import type { Notation, NotationMap } from './plugins/plugin.ts'

/** Stand around the name of a variable, and before its fallback, while a text that has it is translated. */
const [OPEN, CLOSE, ELSE] = ['\u{E000}', '\u{E001}', '\u{E002}']

/**
 * Translates for a file of our own: what stands in variables stays there (`${NAME}`), so that no password of the
 * environment is written down. A variable whose value must be known to translate it, such as a number, is written.
 */
export function loadKeepingVariables(options: LoadOptions): FluentBitLoaded {
  const names = new Set<string>()
  const known = loadFluentBit({
    ...options,
    environment: (name, fallback) => {
      names.add(name)
      return options.environment(name, fallback)
    },
    keepsValueOf: name => {
      names.add(name)
      return false
    },
  })
  const errorsOf = ({ findings }: FluentBitLoaded) => findings.filter(({ level }) => level === 'error').length
  const keepable = [...names].filter(
    name => errorsOf(loadKeeping(new Set([name]), options)) <= errorsOf(known),
  )
  const kept = loadKeeping(new Set(keepable), options)
  return {
    ...known,
    configuration: merged(known.configuration, kept.configuration) as NotationMap,
    findings: kept.findings,
  }
}

function loadKeeping(names: ReadonlySet<string>, options: LoadOptions): FluentBitLoaded {
  return loadFluentBit({
    ...options,
    environment: (name, fallback) =>
      names.has(name)
        ? `${OPEN}${name}${fallback === undefined ? '' : `${ELSE}${fallback}`}${CLOSE}`
        : options.environment(name, fallback),
    keepsValueOf: name => names.has(name),
  })
}

/** `known`, with the texts of `kept` in which a variable stands whole. */
function merged(known: Notation, kept: Notation | undefined): Notation {
  if (Array.isArray(known)) {
    const same = Array.isArray(kept) && kept.length === known.length
    return known.map((item, index) => merged(item, same ? kept[index] : undefined))
  }
  if (typeof known === 'object' && known !== null) {
    const other = isMap(kept) ? kept : {}
    return Object.fromEntries(Object.entries(known).map(([key, value]) => [key, merged(value, other[key])]))
  }
  if (typeof kept === 'string' && kept.includes(OPEN)) {
    const written = escaped(kept).replaceAll(VARIABLE, '${$1}').replaceAll(ELSE, ':-')
    if (!written.includes(OPEN) && !written.includes(CLOSE)) return written
  }
  return typeof known === 'string' ? escaped(known) : known
}

const VARIABLE = new RegExp(`${OPEN}([^${OPEN}${CLOSE}]*)${CLOSE}`, 'g')

function isMap(value: Notation | undefined): value is NotationMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What looks like a variable of ours and is none. */
function escaped(text: string): string {
  return text.replaceAll('${', '$$${')
}
