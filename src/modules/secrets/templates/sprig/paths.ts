import { type Family, fixed } from '../functions/define.ts'

const path = () => process.getBuiltinModule('node:path').posix

/** Paths with slashes, cleaned as Go does. */
export const PATHS: Family = ['', 'os'].flatMap(prefix => {
  const name = (plain: string) => (prefix === '' ? plain : prefix + plain[0]!.toUpperCase() + plain.slice(1))
  return [
    fixed(name('base'), ['string'], (text: string) =>
      text === '' ? '.' : /^\/+$/.test(text) ? '/' : path().basename(text),
    ),
    fixed(name('dir'), ['string'], (text: string) => clean(text.slice(0, text.lastIndexOf('/') + 1))),
    fixed(name('clean'), ['string'], clean),
    fixed(name('ext'), ['string'], (text: string) => /\.[^./]*$/.exec(text)?.[0] ?? ''),
    fixed(name('isAbs'), ['string'], (text: string) => text.startsWith('/')),
  ]
})

function clean(text: string): string {
  const normal = path().normalize(text)
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal
}
