import type { FormatConfig } from './config.ts'
import { CriFormat } from './cri.ts'
import { DockerFormat } from './docker.ts'
import type { Format, OnMisfit } from './format.ts'
import { JsonFormat } from './json.ts'
import { LogfmtFormat } from './logfmt.ts'
import { RawFormat } from './raw.ts'
import { RegexFormat } from './regex.ts'
import { SyslogFormat } from './syslog.ts'
import { zoneOf } from './time.ts'

/** The format of a configuration that has passed `checkFormat`. */
export function createFormat({ format, pattern, time }: FormatConfig, onMisfit: OnMisfit): Format {
  switch (format) {
    case 'json':
      return new JsonFormat(onMisfit)
    case 'raw':
      return new RawFormat()
    case 'logfmt':
      return new LogfmtFormat(onMisfit)
    case 'cri':
      return new CriFormat(onMisfit)
    case 'docker':
      return new DockerFormat(onMisfit)
    case 'syslog':
      return new SyslogFormat(zoneOf(time?.zone), onMisfit)
    case 'regex':
      return new RegexFormat(pattern ?? '', onMisfit)
  }
}
