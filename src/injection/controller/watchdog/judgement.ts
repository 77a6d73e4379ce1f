import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { PodRecord } from './pod-record.ts'

export type Problem = 'required_missing' | 'missing' | 'outdated' | 'changed'

/** The gravest first. */
export const PROBLEMS: readonly Problem[] = ['required_missing', 'missing', 'changed', 'outdated']

/** What is wrong with one sidecar of a pod. */
export interface Fault {
  readonly problem: Problem
  /** Of the catalogue. */
  readonly entry: string
  readonly message: string
}

/**
 * How a pod differs from what it asked for and from what the catalogue has today. `inject` is the wish of the pod or of
 * its namespace. Names that the catalogue does not know are not faults of the pod's sidecars: injection has told of them.
 */
export function faultsOf(
  { entries }: Pick<PodRecord, 'entries'>,
  inject: string | undefined,
  catalogue: Catalogue,
): Fault[] {
  const faults: Fault[] = []
  for (const { name, version } of askedOf(inject)) {
    const found = catalogue.find(name, version)
    if (!found.ok || faults.some(({ entry }) => entry === found.entry.name)) continue
    const { entry } = found
    const injected = entries.find(each => each.name === entry.name)
    if (injected === undefined || injected.state === 'missing')
      faults.push({
        problem: entry.required ? 'required_missing' : 'missing',
        entry: entry.name,
        message:
          injected === undefined
            ? `the pod asks for ${entry.name} and was started without it`
            : `the pod says that it has ${entry.name}, and its containers are not there`,
      })
    else if (injected.hash !== entry.hash)
      faults.push({
        problem: 'outdated',
        entry: entry.name,
        message:
          injected.version === entry.version
            ? `${entry.name} ${entry.version} has changed in the catalogue since the pod was made`
            : `${entry.name} ${injected.version} is in the pod, the catalogue has ${entry.version}`,
      })
    else if (injected.state === 'changed')
      faults.push({
        problem: 'changed',
        entry: entry.name,
        message: `${entry.name} is not as it was injected: somebody has changed it`,
      })
  }
  return faults
}

function askedOf(inject: string | undefined): { name: string; version?: string }[] {
  if (inject === undefined) return []
  return inject.split(',').flatMap(item => {
    const [name = '', version] = item.trim().split('@')
    return name === '' ? [] : [{ name, ...(version !== undefined && { version }) }]
  })
}
