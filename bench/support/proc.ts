/** What /proc says of a process: the same source for every side of a bench. */
import { readFileSync } from 'node:fs'

/** CPU seconds so far, user and system, of the whole process. The kernel counts in 10 ms ticks. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export interface Memory {
  readonly rssMb: number
  /** RssAnon: what is not shared with other processes of the node. */
  readonly privateMb: number
  /** The highest RSS so far. */
  readonly peakMb: number
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mb = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { rssMb: mb('VmRSS'), privateMb: mb('RssAnon'), peakMb: mb('VmHWM') }
}
