import { isIP } from 'node:net'
import { compilePattern } from '../../../../kernel/pattern.ts'

/** Finds what must be redacted in a text. */
export interface Detector {
  readonly regex: RegExp
  /** A text without this has no match: looked for first, because it is cheap. */
  readonly hint?: RegExp
  /** Shorter texts have no match: they are not even read. */
  readonly minLength: number
  /** Whether a match is what it looks like; `around` are the characters before and behind it. */
  readonly isReal?: (match: string, around: string) => boolean
}

export const DETECTORS = ['card', 'email', 'jwt', 'token', 'aws_key', 'ipv4', 'ipv6'] as const
export type DetectorName = (typeof DETECTORS)[number]

/** Prefixes by which services mark their keys, each with what follows. */
const MARKED_KEYS = [
  'gh[pousr]_[A-Za-z0-9]{36,255}',
  'github_pat_[A-Za-z0-9_]{22,255}',
  'glpat-[A-Za-z0-9_-]{20,255}',
  'xox[abeoprs]-[A-Za-z0-9-]{10,255}',
  '[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}',
  'sk-[A-Za-z0-9_-]{20,255}',
  'AIza[A-Za-z0-9_-]{35}',
  'npm_[A-Za-z0-9]{36}',
  'hv[bs]\\.[A-Za-z0-9_-]{24,255}',
  'SG\\.[A-Za-z0-9_-]{16,64}\\.[A-Za-z0-9_-]{16,64}',
  'dop_v1_[a-f0-9]{64}',
]

const SOURCES: Readonly<Record<DetectorName, Omit<Detector, 'regex'> & { readonly source: string }>> = {
  // Account numbers of cards begin with 3 to 6 (or 2 of a newer range) and have 13 to 19 digits (ISO/IEC 7812-1).
  card: {
    minLength: 13,
    source: '\\b[2-6]\\d{3}(?:[ -]?\\d){9,15}\\b',
    hint: /\d{4}/,
    isReal: match => hasCardChecksum(match.replace(/[ -]/g, '')),
  },
  email: {
    minLength: 5,
    source: "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\\.[A-Za-z0-9-]{1,63}){1,8}",
    hint: /@/,
  },
  jwt: {
    minLength: 10,
    // Whole words first: looking for the parts at every place of a long text would take its length squared.
    source: '[A-Za-z0-9_.-]+',
    hint: /eyJ/,
    isReal: match => /^eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.?$/.test(match),
  },
  token: {
    minLength: 15,
    source: `\\b(?:[Bb]earer|[Bb]asic|[Tt]oken) +[A-Za-z0-9._~+/=-]{16}[A-Za-z0-9._~+/=-]*|\\b(?:${MARKED_KEYS.join('|')})`,
    hint: /[Bb]earer|[Bb]asic|[Tt]oken|[_.-]|AIza/,
  },
  aws_key: {
    minLength: 20,
    source:
      '\\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\\b|\\b(?:[Aa][Ww][Ss]_)?[Ss](?:ecret|ECRET)_?(?:[Aa]ccess|ACCESS)?_?[Kk](?:ey|EY)["\']? ?[:=] ?["\']?[A-Za-z0-9/+]{40}\\b',
    hint: /A[KSRI][IOD]A|[Ss]ecret|SECRET/,
  },
  ipv4: {
    minLength: 7,
    source: '\\b\\d{1,3}(?:\\.\\d{1,3}){3}\\b',
    hint: /\d\.\d/,
    isReal: match => isIP(match) === 4,
  },
  ipv6: {
    minLength: 2,
    source: '[0-9A-Fa-f:.]{1,44}[0-9A-Fa-f:]',
    hint: /:[0-9A-Fa-f]*:/,
    isReal: (match, around) => isIP(match) === 6 && !/\w/.test(around),
  },
}

export function detectorOf(name: DetectorName): Detector {
  const { source, ...more } = SOURCES[name]
  return { regex: expressionOf(source), ...more }
}

export function patternDetector(source: string): Detector {
  return { regex: expressionOf(source), minLength: 0 }
}

function expressionOf(source: string): RegExp {
  const compiled = compilePattern(source, 'g')
  if ('reason' in compiled) throw new Error(compiled.reason)
  return compiled.regex
}

/** The check digit of ISO/IEC 7812-1, annex B (Luhn). A row of one digit passes it, and is no card. */
function hasCardChecksum(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 0x30
    const doubled = at % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0 && !/^(\d)\1*$/.test(digits)
}
