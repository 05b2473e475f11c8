import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Process, WeatherOfCities } from './documents.js'
import { clientOn, newPipeline, url } from './gateway.js'
import { httpLink } from './links.js'
import { Wire } from './wire.js'

test('a query answers typed data', async () => {
  const { data, error } = await clientOn(httpLink(url)).query({
    query: WeatherOfCities,
    variables: { names: ['Mumbai', 'London, CA'] },
  })
  assert.equal(error, undefined)
  assert.deepEqual(data?.cities?.map((c) => c?.countryName), ['India', 'Canada'])
  for (const city of data?.cities ?? []) assert.equal(typeof city?.weather?.current?.temperature, 'number')
})

test('a query by GET answers the same', async () => {
  const wire = new Wire()
  const client = clientOn(httpLink(url, { useGETForQueries: true, fetch: wire.fetch }))
  const { data } = await client.query({ query: WeatherOfCities, variables: { names: ['Mumbai'] } })
  assert.equal(data?.cities?.[0]?.name, 'Mumbai')
  assert.equal(wire.at(0).method, 'GET')
})

test('the answer has the media type the client asks for', async () => {
  const wire = new Wire()
  await clientOn(httpLink(url, { fetch: wire.fetch })).query({ query: WeatherOfCities, variables: { names: ['Mumbai'] } })
  assert.match(wire.at(0).headers.get('accept') ?? '', /application\/graphql-response\+json/)
  assert.match(wire.at(0).answered.get('content-type') ?? '', /^application\/graphql-response\+json/)
})

test('a client that names itself is served', async () => {
  const wire = new Wire()
  const client = clientOn(httpLink(url, { fetch: wire.fetch }), { clientAwareness: { name: 'web', version: '1.0' } })
  const { data } = await client.query({ query: WeatherOfCities, variables: { names: ['Mumbai'] } })
  assert.equal(data?.cities?.[0]?.name, 'Mumbai')
  assert.equal(wire.at(0).headers.get('apollographql-client-name'), 'web')
})

test('a mutation takes effect once', async () => {
  const client = clientOn(httpLink(url))
  const pipeline = await newPipeline()
  const send = async (payload: object) => {
    const { data } = await client.mutate({ mutation: Process, variables: { pipeline, payload } })
    assert(data?.processPayload)
    return data.processPayload
  }
  const payload = { id: 'evt_10928a', value: 42.0, city: 'Mumbai' }
  const first = await send(payload)
  assert.deepEqual([first.duplicate, first.problems, first.record?.state, first.record?.city?.name], [false, [], 'PROCESSED', 'Mumbai'])
  const second = await send(payload)
  assert.deepEqual([second.duplicate, second.record?.id], [true, first.record?.id])
})

test('a refusal that is expected is data, no error', async () => {
  const client = clientOn(httpLink(url))
  const pipeline = await newPipeline()
  await client.mutate({ mutation: Process, variables: { pipeline, payload: { id: 'a', value: 1 } } })
  const { data, error } = await client.mutate({ mutation: Process, variables: { pipeline, payload: { id: 'a', value: 2 } } })
  assert.equal(error, undefined)
  assert.deepEqual(data?.processPayload?.problems.map((p) => p.code), ['PAYLOAD_CONFLICT'])
})
