import type { Problem } from './problem.ts'
import { type Infer, s } from './schema.ts'
import { formatDuration } from './units.ts'

/** The keys of outrigger.yaml that belong to no module. */
export const rootFields = {
  app: s.object(
    {
      command: s.list(
        s.string({ about: 'The program, then its arguments, one item each. There is no shell in between.' }),
        {
          about:
            'The application that the sidecar starts and supervises. Without it Outrigger is a plain sidecar.',
          optional: true,
          minItems: 1,
          example: ['node', 'server.js'],
        },
      ),
      workingDirectory: s.string({
        about: 'The folder that the application starts in; the folder of Outrigger unless given.',
        optional: true,
        example: '/srv/app',
      }),
      env: s.map(s.string({ about: 'The value of the variable.' }), {
        about: 'Environment variables for the application, added to those that Outrigger itself was given.',
        default: {},
        example: { LOG_PATH: '/var/log/app/access.log' },
      }),
      stdout: s.string({
        about:
          'File that the standard output of the application is appended to; it is that of Outrigger unless given. What an input of logs reads does not come here.',
        optional: true,
        example: '/var/log/app/stdout.log',
      }),
      stderr: s.string({ about: 'The same for its standard error.', optional: true }),
      stopGrace: s.duration({
        about: 'How long the application may take to end after SIGTERM; after that it gets SIGKILL.',
        default: '20s',
      }),
      stopSignal: s.choice(['TERM', 'INT', 'QUIT', 'HUP', 'USR1', 'USR2', 'WINCH', 'CONT'], {
        about:
          'The signal that asks the application to end, where that is another one than the one that has come to Outrigger.',
        optional: true,
        example: 'QUIT',
      }),
      shutdown: s.duration({
        about:
          'How long everything may take from SIGTERM to the end: the application first, then the modules finish what is under way. Keep it below the terminationGracePeriodSeconds of the pod (30 unless set).',
        default: '28s',
      }),
    },
    {
      about: 'The application that the sidecar runs beside, and the time that an orderly end may take.',
      default: {},
    },
  ),
  admin: s.object(
    {
      listen: s.address({
        about:
          'Where the admin API and its status page listen. It can change the process, so keep it on loopback.',
        default: '127.0.0.1:4600',
        example: '127.0.0.1:4600',
      }),
      hosts: s.list(
        s.string({ about: 'A name without a port.', pattern: /^[^\s/:]+$/, expected: 'a host name' }),
        {
          about:
            'Further names that `admin.listen` may be asked by, such as that of a service. Otherwise it answers to localhost and to its addresses only, so that no web page reaches it by a name of its own.',
          default: [],
          example: ['outrigger.internal'],
        },
      ),
      public: s.address({
        about:
          'A second listener, for kubelet and Prometheus, that has only /healthz, /readyz and /metrics. Off unless given.',
        optional: true,
        example: '0.0.0.0:4601',
      }),
    },
    { about: 'The HTTP endpoints that show and steer the sidecar itself.', default: {} },
  ),
  dataDir: s.string({
    about: 'The folder for all that must survive a restart; every module has a folder of its own in it.',
    default: '/var/lib/outrigger',
    expected: 'the path of a folder',
    pattern: /./,
  }),
  log: s.object(
    {
      level: s.choice(['debug', 'info', 'warn', 'error'], {
        about: 'The least important messages that are still written.',
        default: 'info',
      }),
      format: s.choice(['auto', 'json', 'text'], {
        about: 'json: one object a line; text: for reading; auto: text in a terminal, else json.',
        default: 'auto',
      }),
    },
    { about: "Outrigger's own log, which goes to stderr.", default: {} },
  ),
}

export const rootSchema = s.object(rootFields, {
  about: 'The keys of Outrigger itself, and one key for each module that is to run.',
})

export type Root = Infer<typeof rootSchema>

/** Rules between the fields of the root. */
export function checkRoot({ app }: Root): Problem[] {
  if (app.stopGraceMs <= app.shutdownMs) return []
  const [stop, all] = [formatDuration(app.stopGraceMs), formatDuration(app.shutdownMs)]
  const message = `expected at most the ${all} of app.shutdown, got ${stop}`
  return [{ path: ['app', 'stopGrace'], message, hint: 'app.shutdown includes this time: raise it too' }]
}
