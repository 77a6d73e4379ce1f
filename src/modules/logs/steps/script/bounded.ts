/** Words that begin loops or functions, or lead to code that is not in sight. */
const WORDS =
  /\b(?:function|class|new|async|await|yield|import|eval|Function|Proxy|Reflect|RegExp|Array|Object|Symbol|constructor|prototype|__proto__|globalThis|this)\b/

/** Functions that take no longer than what they are given is long. */
const CALLS = new Set(
  'toLowerCase toUpperCase trim trimStart trimEnd startsWith endsWith includes indexOf lastIndexOf slice substring at charAt charCodeAt split join concat toString toFixed parse stringify isInteger isFinite isNaN isArray abs ceil floor round trunc sign max min Number String Boolean parseInt parseFloat'.split(
    ' ',
  ),
)

/** The word of an expression that would do something later, undefined when there is none: a record does not wait. */
export function laterWord(source: string): string | undefined {
  // Where a pattern, a template or a comment may stand, quotes may not be what they look like: then texts count, too.
  const code = /[`/]/.test(source) ? source : withoutTexts(source)
  return /\b(?:async|await|import)\b/.exec(code)?.[0]
}

function withoutTexts(source: string): string {
  return source.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
}

/**
 * Whether an expression certainly ends, in a time that grows with the record: it has no loop, no function, no pattern,
 * and calls only what is known by its name. Text in quotes is not looked at. When in doubt: false.
 */
export function isBounded(source: string): boolean {
  // Templates hold code, and a slash may begin a pattern.
  if (/[`/]|=>/.test(source)) return false
  const code = withoutTexts(source)
  if (/["']/.test(code.replaceAll('""', ''))) return false
  if (WORDS.test(code) || /\\u/.test(code)) return false
  for (const [, name] of code.matchAll(/([\w$\])]*)\s*(?:\?\.)?\s*\(/g)) {
    // A bracket that only groups follows an operator, or nothing.
    if (name !== '' && !CALLS.has(name)) return false
  }
  return true
}
