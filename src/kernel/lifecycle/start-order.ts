/** The part of a configured module that the order depends on. */
export interface Needing {
  readonly module: { readonly needs?: readonly string[]; readonly observes?: true }
}

/** Names in the order in which to start: who tells of the others first, what a module needs before it, else as in the file. Throws on a circle. */
export function startOrder(modules: ReadonlyMap<string, Needing>): string[] {
  const order: string[] = []
  const visit = (name: string, path: readonly string[]) => {
    if (order.includes(name)) return
    if (path.includes(name))
      throw new Error(`modules need each other in a circle: ${[...path, name].join(' → ')}`)
    for (const needed of needsOf(name, modules)) visit(needed, [...path, name])
    order.push(name)
  }
  const observes = (name: string) => modules.get(name)!.module.observes === true
  for (const isFirst of [true, false])
    for (const name of modules.keys()) if (observes(name) === isFirst) visit(name, [])
  return order
}

/** The given names and all that need one of them, directly or through others: what must not outlive them. */
export function withDependents(names: Iterable<string>, modules: ReadonlyMap<string, Needing>): Set<string> {
  const all = new Set(names)
  // In start order a module comes after what it needs, so one pass sees every chain.
  for (const name of startOrder(modules)) {
    if (needsOf(name, modules).some(needed => all.has(needed))) all.add(name)
  }
  return all
}

/** Whether a module drains only once the other has: that one uses it, or is told of by it. */
export function drainsAfter(name: string, other: string, modules: ReadonlyMap<string, Needing>): boolean {
  const observes = (each: string) => modules.get(each)?.module.observes === true
  return needsOf(other, modules).includes(name) || (observes(name) && !observes(other))
}

/** What a module needs of those that are configured. */
export function needsOf(name: string, modules: ReadonlyMap<string, Needing>): string[] {
  return (modules.get(name)?.module.needs ?? []).filter(needed => modules.has(needed))
}
