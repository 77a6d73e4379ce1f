import { badRequest } from './failure.ts'
import type { Tree } from './tree.ts'

export type Selects = (object: Tree) => boolean

/** The query parameter `labelSelector`: `a=b,c!=d,e in (f,g),h,!i`. */
export function labelSelector(text: string): Selects {
  const terms = (text.match(/(?:[^,(]|\([^)]*\))+/g) ?? []).map(term => labelTerm(term.trim()))
  return object => terms.every(term => term(object['metadata']?.labels ?? {}))
}

function labelTerm(term: string): (labels: Tree) => boolean {
  const set = /^(\S+) (in|notin) \(([^)]*)\)$/.exec(term)
  if (set) {
    const values = set[3]!.split(',').map(value => value.trim())
    const isIn = set[2] === 'in'
    return labels => values.includes(labels[set[1]!]) === isIn
  }
  const equation = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/.exec(term)
  if (equation) return labels => (labels[equation[1]!] === equation[3]) === (equation[2] !== '!=')
  if (/^!?[A-Za-z0-9][\w./-]*$/.test(term))
    return labels => (term.startsWith('!') ? !(term.slice(1) in labels) : term in labels)
  throw badRequest(`unable to parse requirement: ${JSON.stringify(term)}`)
}

/** A LabelSelector object; an empty one selects everything. */
export function matchesLabels(selector: Tree | undefined, labels: Tree = {}): boolean {
  if (selector === undefined) return true
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }: Tree) => {
      if (operator === 'In') return key in labels && values.includes(labels[key])
      if (operator === 'NotIn') return !(key in labels && values.includes(labels[key]))
      if (operator === 'Exists') return key in labels
      if (operator === 'DoesNotExist') return !(key in labels)
      throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`)
    })
  )
}

/** What may be selected by, besides the name and the namespace. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
  Event: ['involvedObject.name', 'involvedObject.uid', 'reason', 'type'],
  Secret: ['type'],
  Namespace: ['status.phase'],
}

export function fieldSelector(kind: string, text: string): Selects {
  const terms = text.split(',').map(term => {
    const [, path, operator, value] = /^([\w.]+)(==?|!=)(.*)$/.exec(term) ?? []
    if (path === undefined) throw badRequest(`invalid selector: ${JSON.stringify(term)}`)
    const known = path === 'metadata.name' || path === 'metadata.namespace' || FIELDS[kind]?.includes(path)
    if (!known) throw badRequest(`field label not supported: ${path}`)
    return (object: Tree) => {
      const found = path.split('.').reduce((here: Tree | undefined, step) => here?.[step], object)
      return (String(found ?? '') === value) === (operator !== '!=')
    }
  })
  return object => terms.every(term => term(object))
}
