import type { HeaderList } from './headers.ts'

/** Longer heads are read anew each time: what is kept for an idle connection has to be little. */
const MAX_KEPT_LENGTH = 1024

/**
 * The last head that a sender gave, for senders that say the same again and again. What a head means is a function of
 * its text, so one that is equal to the last in every byte means the same and is neither checked nor taken apart again.
 * Each head that is given out has a list of fields of its own, which may be edited.
 */
export class RepeatedHead<Head extends { readonly headers: HeaderList }> {
  #text = ''
  #head: Head | undefined

  /** The last head, if this is its text. */
  recall(text: string): Head | undefined {
    return this.#head !== undefined && text === this.#text ? again(this.#head) : undefined
  }

  /** Remembers what `text` was found to mean, in place of the last; false: it is too long, and the last stays. */
  keep(text: string, head: Head): boolean {
    if (text.length > MAX_KEPT_LENGTH) return false
    this.#text = text
    this.#head = again(head)
    return true
  }
}

function again<Head extends { readonly headers: HeaderList }>(head: Head): Head {
  return { ...head, headers: head.headers.clone() }
}
