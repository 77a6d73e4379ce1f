import { Lexer, type LexOptions, type Token } from './lex.ts'

/** The tokens of a template, which can be given back. */
export class TokenStream {
  readonly #lexer: Lexer
  /** Those that were given back, the next one last. */
  readonly #pending: Token[] = []
  #last: Token = { kind: 'eof', text: '', position: 0, line: 1 }

  constructor(text: string, options: LexOptions) {
    this.#lexer = new Lexer(text, options)
  }

  /** The one that was cut last: by Go's rules messages have its line. */
  get last(): Token {
    return this.#last
  }

  next(): Token {
    const pending = this.#pending.pop()
    if (pending !== undefined) return pending
    this.#last = this.#lexer.next()
    return this.#last
  }

  giveBack(...tokens: readonly Token[]): void {
    this.#pending.push(...tokens)
  }

  peek(): Token {
    const token = this.next()
    this.#pending.push(token)
    return token
  }

  /** Spaces before it are lost. */
  nextNonSpace(): Token {
    for (;;) {
      const token = this.next()
      if (token.kind !== 'space') return token
    }
  }

  peekNonSpace(): Token {
    const token = this.nextNonSpace()
    this.#pending.push(token)
    return token
  }
}
