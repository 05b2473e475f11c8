// Subscriptions over multipart HTTP, by Apollo Client's own HttpLink.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { receivesChanges, toldWhatIsWrong } from './changes.js'
import { url } from './gateway.js'
import { httpLink } from './links.js'
import { Wire } from './wire.js'

test('a subscription over multipart HTTP receives what a mutation changes', async () => {
  const wire = new Wire()
  await receivesChanges(httpLink(url, { fetch: wire.fetch }))
  const stream = wire.exchanges.find((e) => e.answered.get('content-type')?.startsWith('multipart/mixed'))
  assert(stream, 'a multipart answer')
  assert.match(stream.answered.get('content-type') ?? '', /subscriptionSpec="?1\.0/)
  assert.match(stream.text, /"payload":/)
})

test('a subscription over multipart HTTP is told what is wrong with it', () => toldWhatIsWrong(httpLink(url)))
