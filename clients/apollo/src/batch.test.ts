import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CombinedGraphQLErrors } from '@apollo/client'
import { parse } from 'graphql'

import { CityByName, Process } from './documents.js'
import { clientOn, newPipeline, url } from './gateway.js'
import { batchLink } from './links.js'
import { Wire } from './wire.js'

const names = ['Mumbai', 'Paris', 'Tokyo', 'Lima', 'Nairobi']

test('what is asked together goes in one request, and each is given its own answer', async () => {
  const wire = new Wire()
  const client = clientOn(batchLink(url, { fetch: wire.fetch }))
  const answers = await Promise.all(names.map((name) => client.query({ query: CityByName, variables: { name } })))
  assert.deepEqual(answers.map((a) => a.data?.city?.name), names)
  assert.equal(wire.exchanges.length, 1)
  assert.equal((wire.at(0).body as unknown[]).length, names.length)
})

test('a member that fails spoils only itself', async () => {
  const wire = new Wire()
  const client = clientOn(batchLink(url, { fetch: wire.fetch }))
  const [good, invalid, unknown, last] = await Promise.all([
    client.query({ query: CityByName, variables: { name: 'Mumbai' } }),
    client.query({ query: parse('query { clowd }'), errorPolicy: 'all' }),
    client.query({ query: CityByName, variables: { name: 'Nowhereville' }, errorPolicy: 'all' }),
    client.query({ query: CityByName, variables: { name: 'Paris' } }),
  ])
  assert.equal(wire.exchanges.length, 1)
  assert.deepEqual([good.data?.city?.name, last.data?.city?.name], ['Mumbai', 'Paris'])
  assert(CombinedGraphQLErrors.is(invalid.error))
  assert.equal(invalid.error.errors[0]?.extensions?.['code'], 'GRAPHQL_VALIDATION_FAILED')
  assert.equal(invalid.data, undefined)
  assert(CombinedGraphQLErrors.is(unknown.error))
  assert.deepEqual(unknown.error.errors.map((e) => [e.path?.join('.'), e.extensions?.['code']]), [['city', 'NOT_FOUND']])
})

test('mutations go in batches', async () => {
  const pipeline = await newPipeline()
  const client = clientOn(batchLink(url))
  const sent = ['a', 'b', 'c']
  const answers = await Promise.all(sent.map((id) => client.mutate({ mutation: Process, variables: { pipeline, payload: { id } } })))
  assert.deepEqual(answers.map((a) => a.data?.processPayload?.record?.payloadId), sent)
})

test('twenty members are served, and twenty-one are refused with the limit', async () => {
  const wire = new Wire()
  const client = clientOn(batchLink(url, { fetch: wire.fetch, batchMax: 30 }))
  const ask = (count: number) =>
    Promise.allSettled(Array.from({ length: count }, (_, i) => client.query({ query: CityByName, variables: { name: `City:${i}` }, fetchPolicy: 'no-cache' })))
  const served = await ask(20)
  assert.deepEqual([served.length, wire.exchanges.length, wire.at(0).status], [20, 1, 200])
  await ask(21)
  assert.deepEqual([wire.exchanges.length, wire.at(1).status], [2, 400])
  assert.match(wire.at(1).text, /LIMIT_EXCEEDED/)
  assert.match(wire.at(1).text, /21/)
  assert.match(wire.at(1).text, /20/)
})
