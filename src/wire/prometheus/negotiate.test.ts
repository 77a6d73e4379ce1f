import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { negotiateExposition } from './negotiate.ts'

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

describe('the exposition follows the Accept header', () => {
  const cases: [what: string, accept: string | undefined, contentType: string][] = [
    ['no header', undefined, TEXT],
    ['an empty header', '', TEXT],
    ['a browser', 'text/html,application/xhtml+xml,*/*;q=0.8', TEXT],
    ['curl', '*/*', TEXT],
    [
      'Prometheus 2 and 3',
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      OPEN,
    ],
    [
      'Prometheus with protobuf first',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.3',
      TEXT,
    ],
    ['the text format with the higher q', 'application/openmetrics-text;q=0.2, text/plain;q=0.9', TEXT],
    ['equal q: the earlier one', 'application/openmetrics-text, text/plain', OPEN],
    ['equal q the other way round', 'text/plain, application/openmetrics-text', TEXT],
    [
      'an old version of OpenMetrics',
      'application/openmetrics-text; version=0.0.1',
      'application/openmetrics-text; version=0.0.1; charset=utf-8',
    ],
    ['a version that does not exist yet', 'application/openmetrics-text; version=9.0.0', TEXT],
    ['a type that is refused by q=0', 'application/openmetrics-text;q=0', TEXT],
    ['a q that is no number', 'application/openmetrics-text;q=high', TEXT],
    ['odd case and spaces', ' Application/OpenMetrics-Text ; Version="1.0.0" ; Q=1 ', OPEN],
  ]
  for (const [what, accept, contentType] of cases) {
    test(what, () => assert.equal(negotiateExposition(accept).contentType, contentType))
  }
})
