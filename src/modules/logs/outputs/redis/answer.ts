/** What an error of Redis means for the record of its command. */
export interface Fault {
  /**
   * busy: the same again later. moved: this server is not the one (any more), another connection may find it.
   * refused: Redis refuses us, whatever the records. rejected: it refuses this record.
   */
  readonly kind: 'busy' | 'moved' | 'refused' | 'rejected'
  readonly reason: string
}

const BUSY = [
  'OOM',
  'LOADING',
  'BUSY',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'UNBLOCKED',
]

/** Reads an error by its first word, as Redis documents them. `key`: of the output, `logs.outputs[0].redis`. */
export function faultOf(message: string, key: string): Fault {
  const said = `Redis answered ${message.slice(0, 300)}`
  const [word, slot, place] = message.split(' ')
  if (BUSY.includes(word)) return { kind: 'busy', reason: said }
  switch (word) {
    case 'READONLY':
      return { kind: 'moved', reason: `${said}; ${key}.url must lead to the primary` }
    case 'MOVED':
    case 'ASK':
      return {
        kind: 'refused',
        reason: `Redis is a cluster in which ${place} has the slot ${slot}: let ${key}.url lead there, and ${key}.key be a name without places or with a hash tag such as {{logs}}`,
      }
    case 'NOAUTH':
    case 'WRONGPASS':
    case 'NOPERM':
      return { kind: 'refused', reason: `${said}; check ${key}.auth and what the user may do` }
    case 'WRONGTYPE':
      return { kind: 'rejected', reason: `${said}; see ${key}.key and ${key}.as` }
    default:
      if (/^ERR (string exceeds|The ID specified|The stream has exhausted)/.test(message))
        return { kind: 'rejected', reason: said }
      return { kind: 'refused', reason: `${said}; check ${key}` }
  }
}
