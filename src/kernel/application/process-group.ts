import { readdirSync, readFileSync } from 'node:fs'

/** Sends to a process, or with a negative number to a group; nothing happens when it is gone. */
export function sendSignal(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal)
  } catch {
    // It is gone, which is all that could be wanted.
  }
}

/** Whether a process of the group runs. Ended ones that nobody has reaped yet (we may be the first process of a container) do not count. */
export function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  try {
    return readdirSync('/proc').some(name => /^\d+$/.test(name) && runsInGroup(name, group))
  } catch {
    return true
  }
}

/** proc(5): `pid (name) state ppid pgrp …`; the name may hold spaces and brackets. */
function runsInGroup(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(pgrp) === group && state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}
