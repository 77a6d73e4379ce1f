import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import type { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { fieldPath } from '../../condition/field.ts'
import { compilePatterns } from '../../text-patterns.ts'
import type { Step } from '../step.ts'
import type { RedactConfig } from './config.ts'
import { detectorOf, patternDetector } from './detectors.ts'
import { type Replace, Scrubber } from './scrubber.ts'

/** Masks or hashes whole values of fields, or what detectors find in their texts and numbers, or everywhere. */
export function redactStep(config: RedactConfig, redacted: Counter): Step {
  const { fields, names, pattern, detect } = config
  const replace = replacement(config)
  const paths = fields.map(field => keyPathOf(fieldPath(field)))
  const detectors = [...detect.map(detectorOf), ...(pattern === undefined ? [] : [patternDetector(pattern)])]
  if (names.length === 0 && detectors.length === 0) return wholeValues(paths, replace, redacted)
  const isSecret = names.length === 0 ? undefined : compilePatterns(names)
  const scrubber = new Scrubber(detectors, isSecret, replace, redacted)
  return paths.length === 0 ? everywhere(scrubber) : insideFields(paths, scrubber)
}

function replacement({ method, mask, keepLast, key }: RedactConfig): Replace {
  if (method === 'mask') {
    if (keepLast === 0) return () => mask
    // Of a short text nothing is shown: its end would be most of it.
    return text => (text.length >= 2 * keepLast ? mask + text.slice(-keepLast) : mask)
  }
  const { createHash, createHmac } = process.getBuiltinModule('node:crypto')
  if (key === undefined) return text => createHash('sha256').update(text).digest('hex')
  const secret = key.reveal()
  return text => createHmac('sha256', secret).update(text).digest('hex')
}

function wholeValues(paths: readonly KeyPath[], replace: Replace, redacted: Counter): Step {
  const value = new ValueSpan()
  return record => {
    for (const path of paths) {
      if (!record.locate(path, value)) continue
      record.set(path, Buffer.from(JSON.stringify(replace(value.asText()))))
      redacted.inc()
    }
    return true
  }
}

function insideFields(paths: readonly KeyPath[], scrubber: Scrubber): Step {
  const value = new ValueSpan()
  const out = new ByteWriter(256)
  return record => {
    for (const path of paths) {
      if (!record.locate(path, value)) continue
      out.length = 0
      if (!scrubber.scrub(value.bytes, value.start, value.end, out)) continue
      record.rewrite(path, scratch => scratch.copy(out.bytes, 0, out.length))
    }
    return true
  }
}

function everywhere(scrubber: Scrubber): Step {
  const text = new ByteWriter(1024)
  const out = new ByteWriter(1024)
  return record => {
    out.length = 0
    if (scrubRecord(record, scrubber, text, out)) record.open(out.bytes, 0, out.length)
    return true
  }
}

function scrubRecord(record: JsonRecord, scrubber: Scrubber, text: ByteWriter, out: ByteWriter): boolean {
  if (!record.changed) return scrubber.scrub(record.bytes, record.start, record.end, out)
  text.length = 0
  record.writeTo(text)
  return scrubber.scrub(text.bytes, 0, text.length, out)
}
