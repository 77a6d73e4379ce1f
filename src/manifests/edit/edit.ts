import type { Document } from 'yaml'
import { applyPatch, type PatchOperation, parsePointer } from '../../wire/json-patch/patch.ts'
import { at, type Json } from '../json.ts'
import { type ManifestDocument, type Manifests, withoutMark } from '../read.ts'
import { splicesOf } from './emit.ts'
import { Lines, type Splice, spliced } from './splices.ts'
import { type Change, EditedDocument } from './tree.ts'

/** What is to change in one document of a file. */
export interface Edit {
  readonly document: ManifestDocument
  /** Paths from the root of the document. */
  readonly patch: readonly PatchOperation[]
}

/** An edit that cannot be made in the text; `offset` is where in it, without a byte order mark. */
export class EditError extends Error {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.name = 'EditError'
    this.offset = offset
  }
}

/**
 * The text of a file after the patches of its documents. Reading it again gives what applyPatch makes of the documents'
 * values; all that is not changed keeps every byte: comments, empty lines, quotes, indentation, line ends, order. What is
 * new takes the style of what it stands beside. An alias (*name) whose anchor is changed is written out, so that each
 * place keeps its value. Throws PatchError when a patch does not fit its document, and EditError where the text allows no
 * such edit.
 */
export function applyToText({ text }: Manifests, edits: readonly Edit[]): string {
  const body = withoutMark(text)
  const lines = new Lines(body)
  const splices: Splice[] = []
  for (const { document, patch } of edits) {
    const changes = changesOf(document.value, patch)
    if (changes.length === 0) continue
    const edited = new EditedDocument(document.yaml as Document)
    for (const change of changes) edited.apply(change)
    const [stuck] = edited.writeOutAliases()
    if (stuck !== undefined)
      throw new EditError(
        stuck.range?.[0] ?? 0,
        `the key *${stuck.source} stands for something that is changed; write the key out`,
      )
    splices.push(...splicesOf(edited, lines))
  }
  return text.slice(0, text.length - body.length) + spliced(body, splices)
}

/** A patch as removals and values at places; also finds out whether it fits. */
function changesOf(document: Json, patch: readonly PatchOperation[]): Change[] {
  let value: unknown = document
  return patch.flatMap((operation): Change[] => {
    const before = value as Json
    value = applyPatch(value, [operation])
    const steps = parsePointer(operation.path)
    switch (operation.op) {
      case 'test':
        return []
      case 'remove':
        return [{ op: 'remove', steps }]
      case 'add':
      case 'replace':
        return [{ op: operation.op, steps, value: operation.value as Json }]
      default: {
        const from = parsePointer(operation.from)
        const moved = at(before, from) as Json
        const add: Change = { op: 'add', steps, value: moved }
        if (operation.op === 'copy') return [add]
        return operation.from === operation.path ? [] : [{ op: 'remove', steps: from }, add]
      }
    }
  })
}
