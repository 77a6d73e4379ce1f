import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cannotHaveNamespaces, Namespace } from './namespace.ts'

const OUTRIGGER = join(import.meta.dirname, '..', '..', 'bin', 'outrigger.js')

for (const [backend, list] of [
  ['nft', ['nft', 'list', 'ruleset']],
  ['iptables-nft', ['iptables-nft-save', '-t', 'nat']],
  ['iptables-legacy', ['iptables-legacy-save', '-t', 'nat']],
] as const)
  describe(`outrigger capture with ${backend}`, { skip: cannotHaveNamespaces(backend) }, () => {
    test('applies its rules once however often it is asked, keeps those of others, and removes all of its own', async () => {
      await using pod = await Namespace.create(`rules-${backend}`)
      const capture = (action: string, ...more: string[]) =>
        pod.run(process.execPath, OUTRIGGER, 'capture', action, '--backend', backend, ...more)
      const rules = async () =>
        (await pod.run(list[0], ...list.slice(1))).replaceAll(/^#.*\n|\[\d+:\d+\]/gm, '')
      if (backend === 'nft') await pod.run('nft', 'add table ip foreign; add chain ip foreign kept')
      else await pod.run(backend, '-t', 'nat', '-A', 'OUTPUT', '-d', '192.0.2.1', '-j', 'RETURN')
      const before = await rules()
      assert.match(await capture('remove'), /removed/)
      assert.match(
        await capture('apply', '--exclude-outbound-ports', '22,8000-8010'),
        /^capture: applied with/,
      )
      const once = await rules()
      assert.match(once, /15006/)
      assert.match(once, /8000[-:]8010/)
      await capture('apply', '--exclude-outbound-ports', '22,8000-8010')
      assert.equal(await rules(), once)
      await capture('apply', '--exclude-outbound-ports', '23')
      assert.doesNotMatch(await rules(), /8000/)
      await capture('remove')
      assert.equal(await rules(), before)
      await capture('remove')
      assert.equal(await rules(), before)
    })

    test('tells who may not change rules what is needed', async () => {
      await using pod = await Namespace.create(`rights-${backend}`)
      const capture = pod.start(65_534, process.execPath, OUTRIGGER, 'capture', 'apply', '--backend', backend)
      let said = ''
      for await (const chunk of capture.stderr) said += chunk
      assert.match(said, /only by root with the capability NET_ADMIN/)
    })
  })
