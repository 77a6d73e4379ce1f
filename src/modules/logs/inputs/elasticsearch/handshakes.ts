import type { ServerRequest } from '../../../../http/server/request.ts'
import { type Answer, jsonAnswer } from '../http-server/answer.ts'

/** Clients go away from a server whose answers do not say this. */
export const PRODUCT = { 'X-Elastic-Product': 'Elasticsearch' } as const

/** Things that shippers look for, and otherwise put there, before their first record. */
const SET_UP =
  /^\/_(index_template|template|component_template|ilm\/policy|ingest\/pipeline|data_stream|alias)(\/|$)/

/** What senders ask before they send, answered as far as it makes them send; undefined for everything else. */
export function handshake({ method, path, authority }: ServerRequest, version: string): Answer | undefined {
  const isReading = method === 'GET' || method === 'HEAD'
  if (SET_UP.test(path) && (isReading || method === 'PUT' || method === 'POST'))
    return jsonAnswer(200, { acknowledged: true }, PRODUCT)
  if (!isReading) return undefined
  const answer = answers(version, authority)[path.replace(/\/+$/, '')]
  return answer && jsonAnswer(200, answer, PRODUCT)
}

function answers(version: string, authority: string): Readonly<Record<string, object>> {
  const license = { status: 'active', uid: 'outrigger', type: 'basic', mode: 'basic' }
  const node = {
    name: 'outrigger',
    version,
    roles: ['data', 'ingest'],
    // The client has got here by this name: others of ours might not be reachable for it.
    http: { bound_address: [authority], publish_address: authority, max_content_length_in_bytes: 100 << 20 },
  }
  const nodes = {
    _nodes: { total: 1, successful: 1, failed: 0 },
    cluster_name: 'outrigger',
    nodes: { outrigger: node },
  }
  return {
    '': {
      name: 'outrigger',
      cluster_name: 'outrigger',
      cluster_uuid: 'outrigger',
      version: {
        number: version,
        build_flavor: 'default',
        build_type: 'docker',
        lucene_version: '9.12.0',
        minimum_wire_compatibility_version: '7.17.0',
        minimum_index_compatibility_version: '7.0.0',
      },
      tagline: 'You Know, for Search',
    },
    '/_nodes': nodes,
    '/_nodes/http': nodes,
    '/_license': { license },
    '/_xpack': { license, features: { ilm: { available: true, enabled: true } } },
    '/_cluster/health': { cluster_name: 'outrigger', status: 'green', timed_out: false, number_of_nodes: 1 },
  }
}
