import type { Located } from './parse.ts'
import type { Problem } from './problem.ts'

/**
 * All problems as text for people: file:line:column, path, what is wrong, how to mend it.
 * Sorted by place; files stand in the order of `files`, those that are not in it first.
 */
export function renderReport(problems: readonly Located[], files: readonly string[]): string {
  const sorted = problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || offset(a) - offset(b),
  )
  const places = sorted.map(placeOf)
  const width = Math.max(0, ...places.map(place => place.length))
  const blocks = sorted.map((problem, i) => {
    const path = formatPath(problem.path)
    const head = path === '' ? places[i] : `${places[i].padEnd(width)}  ${path}`
    const hint = problem.hint === undefined ? '' : `\n    hint: ${problem.hint}`
    return `${head}\n    ${problem.message}${hint}\n`
  })
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return `${blocks.join('')}${count}, nothing was started.\n`
}

/** One line for something that is worth knowing and not wrong: file:line:column and what it is. */
export function noteText(note: Located): string {
  return `${placeOf(note)}  ${note.message}`
}

/** ['logs', 'outputs', 0, 'url'] → logs.outputs[0].url */
export function formatPath(path: Problem['path']): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    const name = /^[\w$-]+$/.test(step) ? step : JSON.stringify(step)
    return text === '' ? name : `${text}.${name}`
  }, '')
}

function placeOf({ file, position }: Located): string {
  return position === undefined ? file : `${file}:${position.line}:${position.column}`
}

/** Lines are shorter than this many columns: a file has at most 1 MiB. */
const widestLine = 2 ** 21

function offset({ position }: Located): number {
  return position === undefined ? 0 : position.line * widestLine + position.column
}
