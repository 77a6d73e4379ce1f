import { readFileSync } from 'node:fs'

/** What a process uses, as the kernel counts it (proc_pid_stat(5), proc_pid_status(5)). */
export interface Usage {
  /** User and system time since the process began. */
  readonly cpuMs: number
  readonly residentBytes: number
  /** Memory that belongs to this process alone; the rest is the program file, which processes share. */
  readonly privateBytes: number
}

const MS_PER_TICK = 10

/** Undefined where there is no /proc, and when the process has ended. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [userTicks, systemTicks] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kilobytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
    return {
      cpuMs: (Number(userTicks) + Number(systemTicks)) * MS_PER_TICK,
      residentBytes: kilobytes('VmRSS') * 1024,
      privateBytes: kilobytes('RssAnon') * 1024,
    }
  } catch {
    return undefined
  }
}
