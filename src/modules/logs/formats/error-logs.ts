import type { Zone } from '../../../wire/time/civil.ts'
import { compileStrptime, type ParseTime } from '../../../wire/time/strptime.ts'
import type { Preset } from './preset.ts'

/** `[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 10.0.0.1:52] AH00128: …`. */
export function apacheError(zone: Zone): Preset {
  return {
    what: 'an error line of Apache',
    pattern:
      /^\[(?<time>[^\]]+)\] \[(?:(?<module>[^:\]]*):)?(?<level>[^\]]+)\](?: \[pid (?<pid>\d+)(?::tid (?<tid>\d+))?\])?(?: \[client (?<client>[^\]]+)\])? ?(?:(?<code>AH\d+): )?(?<message>.*)$/s,
    types: { pid: 'integer', tid: 'integer' },
    parseTime: firstOf(zone, '%a %b %d %H:%M:%S.%f %Y', '%a %b %d %H:%M:%S %Y'),
  }
}

/** `2026/01/02 03:04:05 [error] 123#456: *789 open() failed, client: 10.0.0.1, server: x, request: "GET / HTTP/1.1"`. */
export function nginxError(zone: Zone): Preset {
  return {
    what: 'an error line of nginx',
    pattern:
      /^(?<time>\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d) \[(?<level>\w+)\] (?<pid>\d+)#(?<tid>\d+): (?:\*(?<connection>\d+) )?(?<message>.*?)(?:, client: (?<client>[^, ]+))?(?:, server: (?<server>[^, ]*))?(?:, request: "(?<request>[^"]*)")?(?:, subrequest: "(?<subrequest>[^"]*)")?(?:, upstream: "(?<upstream>[^"]*)")?(?:, host: "(?<host>[^"]*)")?(?:, referrer: "(?<referrer>[^"]*)")?$/s,
    types: { pid: 'integer', tid: 'integer', connection: 'integer' },
    parseTime: firstOf(zone, '%Y/%m/%d %H:%M:%S'),
  }
}

/** Kubernetes' own components: `I0102 15:04:05.678901   12345 file.go:123] message`. */
export function klog(zone: Zone): Preset {
  return {
    what: 'a klog line',
    pattern:
      /^(?<level>[IWEF])(?<time>\d{4} \d\d:\d\d:\d\d(?:\.\d+)?) +(?<thread>\d+) (?<source>[^\] ]+)\] ?(?<message>.*)$/s,
    types: { thread: 'integer' },
    words: { level: { I: 'info', W: 'warning', E: 'error', F: 'fatal' } },
    parseTime: firstOf(zone, '%m%d %H:%M:%S.%f', '%m%d %H:%M:%S'),
  }
}

/** The first of these forms that reads the text. */
export function firstOf(zone: Zone, ...forms: readonly string[]): ParseTime {
  const parsers = forms.map(form => {
    const parse = compileStrptime(form, zone)
    if (typeof parse !== 'function') throw new Error(form)
    return parse
  })
  return (bytes, start, end, nowMs) => {
    for (const parse of parsers) {
      const timeMs = parse(bytes, start, end, nowMs)
      if (!Number.isNaN(timeMs)) return timeMs
    }
    return Number.NaN
  }
}
