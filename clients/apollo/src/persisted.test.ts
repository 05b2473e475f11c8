// Automatic persisted queries, by Apollo Client's own link.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'

import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { Kind, visit } from 'graphql'

import { CityByName, Process, WeatherOfCities } from './documents.js'
import { clientOn, newPipeline, url } from './gateway.js'
import { batchLink, httpLink, persistedLink } from './links.js'
import { Wire } from './wire.js'

/** The same document under a name of its own, which the gateway has not met. */
function unheardOf<Data, Variables>(document: TypedDocumentNode<Data, Variables>): TypedDocumentNode<Data, Variables> {
  const value = `Q${randomUUID().replaceAll('-', '')}`
  return visit(document, { OperationDefinition: (node) => ({ ...node, name: { kind: Kind.NAME, value } as const }) })
}

const asked = { name: 'Mumbai' }

test('a query that is not known by its hash is sent whole, once', async () => {
  const query = unheardOf(CityByName)
  const wire = new Wire()
  const client = () => clientOn(persistedLink(httpLink(url, { fetch: wire.fetch }), { get: false }))

  const first = await client().query({ query, variables: asked })
  assert.equal(first.data?.city?.name, 'Mumbai')
  const sent = wire.exchanges.map((e) => Object.keys(e.body as object).sort())
  assert.deepEqual(sent, [
    ['extensions', 'operationName', 'variables'],
    ['extensions', 'operationName', 'query', 'variables'],
  ])
  assert.match(wire.at(0).text, /PERSISTED_QUERY_NOT_FOUND/)

  const second = await client().query({ query, variables: asked })
  assert.equal(second.data?.city?.name, 'Mumbai')
  assert.equal(wire.exchanges.length, 3, 'one request more')
  assert(!('query' in (wire.at(2).body as object)), 'the hash alone')
})

test('a query known by its hash is asked by GET, and its answer can be cached', async () => {
  const query = unheardOf(CityByName)
  const wire = new Wire()
  const client = () => clientOn(persistedLink(httpLink(url, { fetch: wire.fetch }), { get: true }))

  await client().query({ query, variables: asked })
  assert.deepEqual(wire.exchanges.map((e) => e.method), ['GET', 'POST'])
  const { data } = await client().query({ query, variables: asked })
  assert.equal(data?.city?.name, 'Mumbai')
  assert.deepEqual(wire.exchanges.map((e) => e.method), ['GET', 'POST', 'GET'])

  const unknown = wire.at(0).answered.get('cache-control') ?? ''
  assert(!/max-age=[1-9]/.test(unknown), `an error can be cached: ${unknown}`)
  const { url: address, answered, text } = wire.at(2)
  assert.deepEqual([...address.searchParams.keys()].sort(), ['extensions', 'operationName', 'variables'])
  assert.match(answered.get('cache-control') ?? '', /max-age=[1-9]/)
  assert.match(answered.get('vary') ?? '', /accept/i)
  const etag = answered.get('etag')
  assert(etag, 'an ETag')

  const accept = wire.at(2).headers.get('accept')!
  const fresh = await fetch(address, { headers: { accept, 'if-none-match': etag } })
  assert.equal(fresh.status, 304)
  const changed = await fetch(address, { headers: { accept, 'if-none-match': '"another"' } })
  assert.deepEqual([changed.status, await changed.text()], [200, text])
})

test('the weather can be cached until it expires, and no longer', async () => {
  const wire = new Wire()
  const client = clientOn(persistedLink(httpLink(url, { fetch: wire.fetch }), { get: true }))
  const query = unheardOf(WeatherOfCities)
  await client.query({ query, variables: { names: ['Mumbai'] } })
  const { data } = await client.query({ query, variables: { names: ['Mumbai'] }, fetchPolicy: 'network-only' })
  const [, age] = /max-age=(\d+)/.exec(wire.at(-1).answered.get('cache-control') ?? '') ?? []
  const expires = (Date.parse(data!.cities![0]!.weather!.freshness.expiresAt) - Date.now()) / 1000
  assert(Number(age) > 0 && Number(age) <= Math.ceil(expires) + 1, `max-age ${age} of a report that expires in ${expires} s`)
})

test('an answer with errors is not to be cached', async () => {
  const wire = new Wire()
  const client = clientOn(persistedLink(httpLink(url, { fetch: wire.fetch }), { get: true }))
  const query = unheardOf(WeatherOfCities)
  for (const _ of [1, 2]) {
    await client.query({ query, variables: { names: ['Mumbai', 'Nowhereville'] }, errorPolicy: 'all', fetchPolicy: 'network-only' })
  }
  assert.deepEqual(wire.exchanges.map((e) => e.method), ['GET', 'POST', 'GET'])
  const control = wire.at(2).answered.get('cache-control') ?? ''
  assert(!/max-age=[1-9]/.test(control), `it can be cached: ${control}`)
})

test('a mutation known by its hash is sent by POST', async () => {
  const wire = new Wire()
  const client = clientOn(persistedLink(httpLink(url, { fetch: wire.fetch }), { get: true }))
  const pipeline = await newPipeline()
  const { data } = await client.mutate({ mutation: unheardOf(Process), variables: { pipeline, payload: { id: 'a' } } })
  assert.equal(data?.processPayload?.record?.payloadId, 'a')
  assert.deepEqual(wire.exchanges.map((e) => e.method), ['POST', 'POST'])
})

test('hashes go in batches too', async () => {
  const wire = new Wire()
  const client = clientOn(persistedLink(batchLink(url, { fetch: wire.fetch, batchInterval: 30 }), { get: false }))
  const queries = [unheardOf(CityByName), unheardOf(CityByName)]
  for (const fetchPolicy of ['cache-first', 'network-only'] as const) {
    const answers = await Promise.all(queries.map((query) => client.query({ query, variables: asked, fetchPolicy })))
    assert.deepEqual(answers.map((a) => a.data?.city?.name), ['Mumbai', 'Mumbai'])
  }
  assert.equal(wire.exchanges.length, 3)
  assert(!wire.at(2).text.includes('PERSISTED_QUERY_NOT_FOUND'))
})
