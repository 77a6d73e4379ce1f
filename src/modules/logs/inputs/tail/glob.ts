import { resolve } from 'node:path'

/** One step down a path: a literal name, a pattern for one name, or any depth of folders. */
export type Segment = string | RegExp | typeof ANY_DEPTH

export const ANY_DEPTH = Symbol('**')

/** An absolute pattern, one segment per folder level, without braces. */
export type Glob = readonly Segment[]

const MAX_ALTERNATIVES = 1000

/**
 * Reads `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`, `**` and `\` before any of them. As in shells, wildcards do not match
 * a leading dot. A relative pattern starts in the working directory.
 * Gives one glob per combination of braces; throws a RangeError when there are more than 1,000.
 */
export function parseGlob(pattern: string): readonly Glob[] {
  return alternatives(pattern).map(one => {
    const segments: Segment[] = []
    for (const part of resolve(one).split('/').slice(1)) {
      if (part === '**' && segments.at(-1) === ANY_DEPTH) continue
      segments.push(parseSegment(part))
    }
    if (segments.at(-1) === ANY_DEPTH) segments.push(parseSegment('*'))
    return segments
  })
}

/** Why a pattern cannot be used; undefined when it can. */
export function globProblem(pattern: string): string | undefined {
  try {
    alternatives(pattern)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Whether an absolute path matches. */
export function matchesGlob(glob: Glob, path: string): boolean {
  return matchFrom(glob, 0, path.split('/').slice(1), 0)
}

/** For patterns that exclude: without a slash they are held against the name alone. */
export function parseExclude(pattern: string): readonly Glob[] {
  return parseGlob(pattern.includes('/') ? pattern : `/**/${pattern}`)
}

function matchFrom(glob: Glob, at: number, names: readonly string[], from: number): boolean {
  for (; at < glob.length; at++, from++) {
    const segment = glob[at]
    if (segment === ANY_DEPTH) {
      for (let skip = from; skip < names.length; skip++) if (matchFrom(glob, at + 1, names, skip)) return true
      return false
    }
    if (from >= names.length || !matchesSegment(segment, names[from])) return false
  }
  return from === names.length
}

export function matchesSegment(segment: string | RegExp, name: string): boolean {
  return typeof segment === 'string' ? segment === name : segment.test(name)
}

function parseSegment(part: string): Segment {
  if (part === '**') return ANY_DEPTH
  let source = ''
  let literal = ''
  let wild = false
  for (let i = 0; i < part.length; i++) {
    const char = part[i]
    const set = char === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(part.slice(i)) : null
    if (set) {
      source += `[${set[1] ? '^' : ''}${set[2].replace(/[\\\]^[]/g, '\\$&')}]`
      i += set[0].length - 1
      wild = true
    } else if (char === '*' || char === '?') {
      source += char === '*' ? '.*' : '.'
      wild = true
    } else {
      const plain = char === '\\' && i + 1 < part.length ? part[++i] : char
      literal += plain
      source += plain.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    }
  }
  if (!wild) return literal
  return new RegExp(`^${/^[.\\]/.test(part) ? '' : '(?!\\.)'}${source}$`, 's')
}

function alternatives(pattern: string): readonly string[] {
  let done: string[] = []
  let open = [pattern]
  while (open.length > 0) {
    const next: string[] = []
    for (const one of open) {
      const group = firstGroup(one)
      if (!group) done = [...done, one]
      else for (const choice of group.choices) next.push(group.before + choice + group.after)
    }
    open = next
    if (done.length + open.length > MAX_ALTERNATIVES) {
      throw new RangeError(`more than ${MAX_ALTERNATIVES} combinations of braces in ${pattern}`)
    }
  }
  return done
}

/** The first `{…,…}` with its choices cut at the commas of its own level; braces without a comma are plain characters. */
function firstGroup(pattern: string): { before: string; choices: string[]; after: string } | undefined {
  for (let start = 0; start < pattern.length; start++) {
    if (pattern[start] === '\\') start++
    else if (pattern[start] === '{') {
      const group = groupAt(pattern, start)
      if (group) return group
    }
  }
  return undefined
}

function groupAt(pattern: string, start: number) {
  const choices: string[] = []
  let depth = 0
  let from = start + 1
  for (let i = start; i < pattern.length; i++) {
    const char = pattern[i]
    if (char === '\\') i++
    else if (char === '{') depth++
    else if (char === ',' && depth === 1) {
      choices.push(pattern.slice(from, i))
      from = i + 1
    } else if (char === '}' && --depth === 0) {
      if (choices.length === 0) return undefined
      choices.push(pattern.slice(from, i))
      return { before: pattern.slice(0, start), choices, after: pattern.slice(i + 1) }
    }
  }
  return undefined
}
