import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { InputPlugin, NotationMap } from '../plugin.ts'
import { bytes } from '../units.ts'
import { listeningOf, listeningOptions } from './listening.ts'

/** The protocol of Fluentd. */
export const forward: InputPlugin = {
  about: 'Takes records by the protocol of Fluentd',
  options: {
    ...listeningOptions('24224'),
    unix_path: option.text(),
    unix_perm: option.text(),
    buffer_max_size: option.size('6144000'),
    buffer_chunk_size: option.needless('buffers grow as they are needed', '1024000'),
    tag_prefix: option.text(),
    shared_key: option.text(),
    self_hostname: option.text('localhost'),
    'security.users': option.text(undefined, { repeated: true }),
    empty_shared_key: option.boolean('false'),
  },
  translate(settings) {
    const path = settings.text('unix_path')
    const maxMessage = settings.size('buffer_max_size')
    const [prefix, tag] = [settings.text('tag_prefix'), settings.text('tag')]
    if (settings.has('unix_perm'))
      settings.lose(
        settings.placeOf('unix_perm'),
        'unix_perm',
        'is not supported: the socket is for its owner and group',
      )
    return {
      kind: 'forward',
      options: {
        // Senders name their tags, unless one is given.
        tag: tag ?? `${prefix ?? ''}*`,
        ...(path === undefined ? listeningOf(settings, 24224) : { listen: path }),
        ...(maxMessage !== undefined && {
          maxMessage: bytes(Math.min(16 * 1024 ** 2, Math.max(1024, maxMessage))),
        }),
        ...authOf(settings),
      },
    }
  },
}

function authOf(settings: Parameters<InputPlugin['translate']>[0]): NotationMap {
  const users: Record<string, string> = {}
  for (const { text, place } of settings.written('security.users')) {
    const [name, password] = readWords(text, 2)
    if (name === undefined || password === undefined)
      settings.fail(place, 'security.users', `expected USER PASSWORD, got "${text}"`)
    else users[name] = password
  }
  const key = settings.text('shared_key') ?? (settings.boolean('empty_shared_key') ? '' : undefined)
  if (key === undefined) {
    if (Object.keys(users).length > 0)
      settings.fail(
        settings.placeOf('security.users'),
        'security.users',
        'needs shared_key or empty_shared_key',
      )
    return {}
  }
  const hostname = settings.text('self_hostname')
  return {
    auth: {
      sharedKey: key,
      ...(hostname !== undefined && { hostname }),
      ...(Object.keys(users).length > 0 && { users }),
    },
  }
}
