// Server-sent events, by graphql-sse.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createClient } from 'graphql-sse'

import { receivesChanges, toldWhatIsWrong } from './changes.js'
import { CityByName } from './documents.js'
import { clientOn, url } from './gateway.js'
import { distinctConnections, singleConnection, sseLink } from './links.js'
import { Wire } from './wire.js'

test('a subscription over a connection of its own receives what a mutation changes', () => receivesChanges(sseLink(distinctConnections(url))))

test('subscriptions over a single connection receive what a mutation changes', () => receivesChanges(sseLink(singleConnection(url))))

test('a subscription over a connection of its own is told what is wrong with it', () => toldWhatIsWrong(sseLink(distinctConnections(url))))

test('a query is answered by an event stream, in both modes', async () => {
  for (const mode of [distinctConnections, singleConnection]) {
    const { data } = await clientOn(sseLink(mode(url))).query({ query: CityByName, variables: { name: 'Mumbai' } })
    assert.equal(data?.city?.countryName, 'India')
  }
})

test('a single connection is reserved, shared and told to stop', async () => {
  const wire = new Wire()
  await receivesChanges(sseLink(createClient({ url, singleConnection: true, fetchFn: wire.fetch })))
  const seen = () => wire.exchanges.map((e) => `${e.method} ${e.status}`).sort()
  const deadline = Date.now() + 2000
  while (seen().length < 6 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(seen(), ['DELETE 200', 'DELETE 200', 'GET 200', 'POST 202', 'POST 202', 'PUT 201'])
  const stream = wire.exchanges.find((e) => e.method === 'GET')
  assert.match(stream?.answered.get('content-type') ?? '', /^text\/event-stream/)
})
