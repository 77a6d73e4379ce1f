type WordKind = 'connector' | 'mark' | 'upper' | 'letters' | 'number' | 'other'

interface Word {
  readonly kind: WordKind
  readonly text: string
}

// Of capitals in a row the last one begins the next word when small letters follow.
const WORD =
  /([-_\s]+)|(\p{P}+)|(\p{Lu}+(?=\p{Lu}(?!\p{Lu})\p{L})|\p{Lu}{2,}|\p{Lu}(?:(?!\p{Lu})\p{L})*)|((?:(?!\p{Lu})\p{L})+)|(\p{N}+)|([^-_\s\p{L}\p{N}\p{P}]+)/gu
const KINDS: readonly WordKind[] = ['connector', 'mark', 'upper', 'letters', 'number', 'other']

/** `HTTPServer2xx` is `http_server_2xx`. */
export function snakeCase(text: string): string {
  return connected(wordsOf(text), '_')
}

/** `HTTPServer2xx` is `http-server-2xx`. */
export function kebabCase(text: string): string {
  return connected(wordsOf(text), '-')
}

function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(WORD), ([whole, ...groups]) => ({
    kind: KINDS[groups.findIndex(group => group !== undefined)]!,
    text: whole,
  }))
}

/**
 * Words in lower case with a connector between them. A number belongs to the word before it, unless small letters follow:
 * then it begins a word of its own, which goes on through letters and numbers.
 */
function connected(words: readonly Word[], connector: string): string {
  let out = ''
  let at = 0
  const separates = (word: Word | undefined) =>
    word !== undefined && word.kind !== 'connector' && word.kind !== 'mark'
  const run = () => {
    while (words[at]?.kind === 'letters' || words[at]?.kind === 'number') out += words[at++]!.text
    if (separates(words[at])) out += connector
  }
  while (at < words.length) {
    const { kind, text } = words[at++]!
    if (kind === 'connector') {
      out += connector.repeat([...text].length)
      continue
    }
    out += kind === 'upper' ? text.toLowerCase() : text
    if (kind === 'mark') continue
    if (kind === 'number') run()
    else if (words[at]?.kind !== 'number') {
      if (separates(words[at])) out += connector
    } else if (at + 1 < words.length) {
      const number = words[at++]!.text
      if (words[at]!.kind === 'letters') {
        out += connector + number
        run()
      } else {
        out += number
        if (separates(words[at])) out += connector
      }
    }
  }
  return out
}

/** `http_server` is `HttpServer`, and capitals stay: `GO_PATH` is `GOPATH`. Connectors at the beginning stay, and of several in a row all but one. */
export function pascalCase(text: string): string {
  const start = /^[-_\s]*/u.exec(text)![0]
  const rest = text.slice(start.length)
  // Where there is nothing else, the last one comes twice in Go.
  if (rest === '') return text + text.slice(-1)
  return start + rest.replaceAll(/([-_\s]*)([^-_\s]+)|[-_\s]+$/gu, pascalWord)
}

function pascalWord(whole: string, connectors: string | undefined, word: string | undefined): string {
  if (word === undefined) return whole
  const [first, ...others] = [...word]
  return connectors!.slice(0, -1) + first!.toUpperCase() + others.join('')
}

/** Capitals are small and small ones capitals. */
export function swapCase(text: string): string {
  return text.replaceAll(/\p{L}/gu, char =>
    /[\p{Lu}\p{Lt}]/u.test(char) ? char.toLowerCase() : char.toUpperCase(),
  )
}

/** As strings.Title: each letter in a new word, and words begin behind all that is neither letter, digit nor underscore. */
export function titleCase(text: string): string {
  return text.replaceAll(/(?<!\w|[^\x00-\x7f\s])\p{L}/gu, char => char.toUpperCase())
}
