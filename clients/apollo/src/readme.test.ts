import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('the README shows the code that is tested', () => {
  const shown = [...read('README.md').matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!.trim())
  const regions = ['src/client.ts', 'src/links.ts', 'src/resume.ts'].flatMap((path) => [...read(path).matchAll(/\/\/ #region .*?\n(.*?)\/\/ #endregion/gs)].map(([, code]) => code!.trim()))
  for (const region of regions) assert(shown.includes(region), `the README does not show:\n${region}`)
})
