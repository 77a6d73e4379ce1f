import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { daysFromCivil } from './civil.ts'
import { parseIso8601 } from './iso8601.ts'
import { compileStrptime } from './strptime.ts'
import { instantInZone, namedZone } from './zone.ts'

function iso(text: string, zone = 0): number {
  const bytes = Buffer.from(`<${text}>`)
  return parseIso8601(bytes, 1, bytes.length - 1, zone)
}

function read(form: string, text: string, nowMs = Date.UTC(2026, 5, 15), zone = 0): number {
  const parse = compileStrptime(form, zone)
  assert.equal(typeof parse, 'function', form)
  const bytes = Buffer.from(`<${text}>`)
  return typeof parse === 'function' ? parse(bytes, 1, bytes.length - 1, nowMs) : Number.NaN
}

describe('daysFromCivil', () => {
  it('agrees with Date.UTC', () => {
    const date = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    const property = fc.property(date, date => {
      const days = daysFromCivil(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
      assert.equal(days, Math.floor(date.getTime() / 86_400_000))
    })
    fc.assert(property)
  })
})

describe('ISO 8601', () => {
  it('reads back every time that JavaScript writes', () => {
    const date = fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    fc.assert(fc.property(date, date => assert.equal(iso(date.toISOString()), date.getTime())))
  })

  const readable: [text: string, same: string][] = [
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02 03:04:05,678', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02t03:04:05.6z', '2026-01-02T03:04:05.600Z'],
    ['2026-01-02T03:04:05.678999999Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05.000Z'],
    ['2026-01-02T03:04:05.5-0530', '2026-01-02T08:34:05.500Z'],
    ['2026-01-02 03:04:05 +01', '2026-01-02T02:04:05.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
  ]
  for (const [text, same] of readable) {
    it(`reads ${text}`, () => assert.equal(new Date(iso(text)).toISOString(), same))
  }

  const unreadable = [
    '',
    '2026',
    '2026-01-02',
    '2026-01-02T03:04',
    '2026-13-02T03:04:05Z',
    '2026-00-02T03:04:05Z',
    '2026-02-30T03:04:05Z',
    '2025-02-29T03:04:05Z',
    '2026-01-02T24:04:05Z',
    '2026-01-02T03:60:05Z',
    '2026-01-02T03:04:61Z',
    '2026-01-02T03:04:05.Z',
    '2026-01-02T03:04:05X',
    '2026-01-02T03:04:05+25:00',
    '2026-01-02T03:04:05+1',
    '2026/01/02T03:04:05Z',
    '2O26-01-02T03:04:05Z',
    '2026-01-02T03:04:05Zx',
  ]
  for (const text of unreadable) it(`does not read "${text}"`, () => assert.ok(Number.isNaN(iso(text))))

  it('takes the given zone for times that name none', () => {
    assert.equal(new Date(iso('2026-01-02T03:04:05', 120)).toISOString(), '2026-01-02T01:04:05.000Z')
    assert.equal(new Date(iso('2026-01-02T03:04:05Z', 120)).toISOString(), '2026-01-02T03:04:05.000Z')
  })

  it('takes the zone of the process when that is asked for', () => {
    const bytes = Buffer.from('2026-07-02T03:04:05')
    assert.equal(parseIso8601(bytes, 0, bytes.length, 'local'), new Date(2026, 6, 2, 3, 4, 5).getTime())
  })
})

describe('strptime', () => {
  const readable: [form: string, text: string, same: string][] = [
    ['%d/%b/%Y:%H:%M:%S %z', '10/Oct/2000:13:55:36 -0700', '2000-10-10T20:55:36.000Z'],
    ['%Y-%m-%d %H:%M:%S,%f', '2026-01-02 03:04:05,678901', '2026-01-02T03:04:05.678Z'],
    ['%Y-%m-%dT%H:%M:%S.%L%z', '2026-01-02T03:04:05.5+01:00', '2026-01-02T02:04:05.500Z'],
    ['%a %b %e %H:%M:%S %Y', 'Wed Jun  3 09:07:01 2026', '2026-06-03T09:07:01.000Z'],
    ['%A, %d %B %Y %I:%M %p', 'Wednesday, 03 June 2026 12:30 AM', '2026-06-03T00:30:00.000Z'],
    ['%I:%M:%S %p %F', '01:02:03 pm 2026-06-03', '2026-06-03T13:02:03.000Z'],
    ['%m/%d/%y %T', '06/03/26 01:02:03', '2026-06-03T01:02:03.000Z'],
    ['%D %R', '06/03/99 01:02', '1999-06-03T01:02:00.000Z'],
    ['%Y/%j', '2024/366', '2024-12-31T00:00:00.000Z'],
    ['%s.%L', '1700000000.25', '2023-11-14T22:13:20.250Z'],
    ['[%F %T %Z] 100%%', '[2026-06-03 01:02:03 UTC] 100%', '2026-06-03T01:02:03.000Z'],
    ['%b %e %H:%M:%S', 'Jun 14 01:02:03', '2026-06-14T01:02:03.000Z'],
    ['%F %T.%N', '2026-06-03 01:02:03.678901234567', '2026-06-03T01:02:03.678Z'],
    ['%H:%M:%S,%3f456 %F', '01:02:03,678456 2026-06-03', '2026-06-03T01:02:03.678Z'],
    ['%c', 'Wed Jun  3 09:07:01 2026', '2026-06-03T09:07:01.000Z'],
    ['%r %x', '01:02:03 PM 06/03/26', '2026-06-03T13:02:03.000Z'],
    ['%v %X', ' 3-Jun-2026 01:02:03', '2026-06-03T01:02:03.000Z'],
    ['%k:%M %F', ' 9:07 2026-06-03', '2026-06-03T09:07:00.000Z'],
    ['%l:%M %p %F', ' 9:07 pm 2026-06-03', '2026-06-03T21:07:00.000Z'],
    ['%C%y-%m-%d', '1926-06-03', '1926-06-03T00:00:00.000Z'],
    ['%u %-d.%-m.%Y', '3 3.6.2026', '2026-06-03T00:00:00.000Z'],
    ['%s', '-86400', '1969-12-31T00:00:00.000Z'],
    ['%F %T %Z', '2026-06-03 01:02:03 CEST', '2026-06-02T23:02:03.000Z'],
    ['%F %T %z', '2026-06-03 01:02:03 PDT', '2026-06-03T08:02:03.000Z'],
    ['%F %T %Z', '2026-06-03 01:02:03 +05:30', '2026-06-02T19:32:03.000Z'],
    ['%F %T %Z', '2026-01-03 01:02:03 America/New_York', '2026-01-03T06:02:03.000Z'],
    ['%F %T', '2016-12-31 23:59:60', '2017-01-01T00:00:00.000Z'],
  ]
  for (const [form, text, same] of readable) {
    it(`reads "${text}" by ${form}`, () => assert.equal(new Date(read(form, text)).toISOString(), same))
  }

  const unreadable: [form: string, text: string][] = [
    ['%Y-%m-%d', '2026-02-30'],
    ['%Y-%m-%d', '2026-02-03x'],
    ['%Y-%m-%d', '2026-02'],
    ['%d/%b/%Y', '10/Okt/2000'],
    ['%I %p', '13 pm'],
    ['%H:%M', '24:00'],
    ['%Y/%j', '2025/366'],
    ['%Y %z', '2026 noon'],
    ['%F %Z', '2026-06-03 Nowhere/Land'],
    ['%H%M%S%3N %F', '0102036789 2026-06-03'],
    ['%b %d', 'Feb 29'],
    ['%T %p', '13:00:00 pm'],
  ]
  for (const [form, text] of unreadable) {
    it(`does not read "${text}" by ${form}`, () => assert.ok(Number.isNaN(read(form, text))))
  }

  it('takes the year from the clock when the form has none, and the last one for a date that is yet to come', () => {
    const newYear = Date.UTC(2026, 0, 1, 0, 0, 5)
    assert.equal(
      new Date(read('%b %e %T', 'Dec 31 23:59:58', newYear)).toISOString(),
      '2025-12-31T23:59:58.000Z',
    )
    const oldYear = Date.UTC(2025, 11, 31, 23, 59, 58)
    assert.equal(
      new Date(read('%b %e %T', 'Jan  1 00:00:01', oldYear)).toISOString(),
      '2026-01-01T00:00:01.000Z',
    )
  })

  it('takes the leap day of the last year when this one has none', () => {
    assert.equal(
      new Date(read('%b %e', 'Feb 29', Date.UTC(2025, 0, 2))).toISOString(),
      '2024-02-29T00:00:00.000Z',
    )
  })

  it('names a directive that it does not know', () => {
    assert.deepEqual(compileStrptime('%Y %Q'), { directive: '%Q', at: 3 })
    assert.deepEqual(compileStrptime('%Y %-Q'), { directive: '%-Q', at: 3 })
    assert.deepEqual(compileStrptime('%Y%'), { directive: '%', at: 2 })
  })
})

describe('the zone of a place', () => {
  const berlin: [local: string, utc: string][] = [
    ['2026-01-15T12:00:00', '2026-01-15T11:00:00.000Z'],
    ['2026-07-15T12:00:00', '2026-07-15T10:00:00.000Z'],
    ['2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
    ['2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
    // Left out, and there twice.
    ['2026-03-29T02:30:00', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T02:30:00', '2026-10-25T00:30:00.000Z'],
    ['2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
  ]
  const rule = namedZone('Europe/Berlin')
  assert.ok(rule)
  for (const [local, utc] of berlin) {
    it(`${local} in Berlin is ${utc}`, () => {
      const bytes = Buffer.from(local)
      assert.equal(new Date(parseIso8601(bytes, 0, bytes.length, rule)).toISOString(), utc)
    })
  }

  it('agrees with what Intl shows, for any instant that is not shown twice', () => {
    const places = ['America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia']
    const rules = places.map(place => namedZone(place))
    const instant = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2036, 0) }).map(ms => ms - (ms % 1000))
    const property = fc.property(fc.nat(places.length - 1), instant, (place, utcMs) => {
      const rule = rules[place]
      assert.ok(rule)
      const shownMs = utcMs + rule(utcMs) * 60_000
      const read = instantInZone(rule, shownMs)
      assert.equal(read + rule(read) * 60_000, shownMs)
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('is unknown for names that no place has', () => assert.equal(namedZone('Nowhere/Land'), undefined))
})
