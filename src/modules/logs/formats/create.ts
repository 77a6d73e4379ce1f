import { commonLog, envoyLog } from './access.ts'
import type { FormatConfig } from './config.ts'
import { ContainerFormat } from './container.ts'
import { CriFormat } from './cri.ts'
import { CsvFormat } from './csv.ts'
import { DecodingFormat } from './decode.ts'
import { DockerFormat } from './docker.ts'
import { apacheError, klog, nginxError } from './error-logs.ts'
import type { Format, OnMisfit } from './format.ts'
import { compileGrok } from './grok/grok.ts'
import { JsonFormat } from './json.ts'
import { LogfmtFormat } from './logfmt.ts'
import { LtsvFormat } from './ltsv.ts'
import { MysqlSlowFormat } from './mysql-slow.ts'
import { postgresCsv, postgresFormat } from './postgres.ts'
import { PresetFormat } from './preset.ts'
import { RawFormat } from './raw.ts'
import { RegexFormat } from './regex.ts'
import { SyslogFormat } from './syslog.ts'
import { zoneOf } from './time.ts'

/** The format of a configuration that has passed `checkFormat`. */
export function createFormat(config: FormatConfig, onMisfit: OnMisfit): Format {
  const format = bareFormat(config, onMisfit)
  return config.decode === undefined ? format : new DecodingFormat(format, config.decode)
}

function bareFormat(config: FormatConfig, onMisfit: OnMisfit): Format {
  const zone = zoneOf(config.time?.zone)
  switch (config.format) {
    case 'json':
      return new JsonFormat(onMisfit)
    case 'raw':
      return new RawFormat()
    case 'logfmt':
      return new LogfmtFormat(config, onMisfit)
    case 'ltsv':
      return new LtsvFormat(config, onMisfit)
    case 'csv':
      return csvFormat(config, onMisfit)
    case 'cri':
      return new CriFormat(onMisfit)
    case 'docker':
      return new DockerFormat(onMisfit)
    case 'container':
      return new ContainerFormat(onMisfit)
    case 'syslog':
      return new SyslogFormat(zone, onMisfit)
    case 'apache':
      return commonLog('Apache', zone, onMisfit)
    case 'apache_error':
      return new PresetFormat(apacheError(zone), onMisfit)
    case 'nginx':
      return commonLog('nginx', zone, onMisfit)
    case 'nginx_error':
      return new PresetFormat(nginxError(zone), onMisfit)
    case 'envoy':
      return envoyLog(zone, onMisfit)
    case 'mysql_slow':
      return new MysqlSlowFormat(zone, onMisfit)
    case 'postgres':
      return postgresFormat(config.linePrefix, zone, onMisfit)
    case 'postgres_csv':
      return postgresCsv(zone, onMisfit)
    case 'klog':
      return new PresetFormat(klog(zone), onMisfit)
    case 'regex':
      return new RegexFormat({ ...config, pattern: config.pattern ?? '' }, onMisfit)
    case 'grok':
      return grokFormat(config, onMisfit)
  }
}

function csvFormat({ csv, types, skipEmpty }: FormatConfig, onMisfit: OnMisfit): Format {
  const { columns = [], delimiter = ',', header = false } = csv ?? {}
  const mark = delimiter === 'tab' ? '\t' : delimiter
  return new CsvFormat({ columns, delimiter: mark, header, types, skipEmpty }, onMisfit)
}

function grokFormat(
  { pattern = '', patterns = {}, types, skipEmpty }: FormatConfig,
  onMisfit: OnMisfit,
): Format {
  const grok = compileGrok(pattern, patterns)
  if ('problem' in grok) throw new Error(grok.problem)
  return new RegexFormat({ ...grok, types: { ...grok.types, ...types }, skipEmpty }, onMisfit)
}
