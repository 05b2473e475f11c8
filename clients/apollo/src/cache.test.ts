// What the gateway answers is written to the client's cache by id: one query adds
// to what another has fetched.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { InMemoryCache } from '@apollo/client'

import { graphql } from './generated/gql.js'
import { clientOn, newPipeline, processed, url } from './gateway.js'
import { httpLink } from './links.js'
import { loaded } from './watched.js'

const Now = graphql(`
  query Now($city: String!, $units: Units! = METRIC) {
    weather(city: $city, units: $units) { id units current { time temperature } }
  }
`)

const Week = graphql(`
  query Week($city: String!) {
    weather(city: $city) { id daily { date temperatureMax } }
  }
`)

const CityWeather = graphql(`
  query CityWeather($name: String!) {
    city(name: $name) { id name weather { id freshness { provider } } }
  }
`)

const OneRecord = graphql(`
  query OneRecord($pipeline: String!, $payloadId: String!) {
    record(pipeline: $pipeline, payloadId: $payloadId) { id payloadId state city { id name } }
  }
`)

const RecordStateOnly = graphql(`
  fragment RecordStateOnly on Record { state }
`)

const CityPopulation = graphql(`
  fragment CityPopulation on City { population }
`)

test('asking the current weather and then the daily merges, rather than erases', async () => {
  const client = clientOn(httpLink(url))
  const { data: now } = await client.query({ query: Now, variables: { city: 'Mumbai' } })
  const { data: week } = await client.query({ query: Week, variables: { city: 'Mumbai' } })
  assert.equal(now?.weather?.id, week?.weather?.id)

  const again = await client.query({ query: Now, variables: { city: 'Mumbai' }, fetchPolicy: 'cache-only' })
  assert.deepEqual(again.data, now)
  const id = client.cache.identify({ __typename: 'Weather', id: now?.weather?.id })
  const report = (client.cache as InMemoryCache).extract()[id!]
  assert(report?.['current'], 'the first query\'s')
  assert(Object.keys(report).some((key) => key.startsWith('daily')), 'the second query\'s')
})

test('a city\'s weather is the same object from wherever it is asked', async () => {
  const client = clientOn(httpLink(url))
  const { data: now } = await client.query({ query: Now, variables: { city: 'Mumbai' } })
  const { data: city } = await client.query({ query: CityWeather, variables: { name: 'Mumbai' } })
  assert.equal(city?.city?.weather?.id, now?.weather?.id)
})

test('the weather in other units is another object', async () => {
  const client = clientOn(httpLink(url))
  const { data: metric } = await client.query({ query: Now, variables: { city: 'Mumbai' } })
  const { data: imperial } = await client.query({ query: Now, variables: { city: 'Mumbai', units: 'IMPERIAL' } })
  assert.notEqual(metric?.weather?.id, imperial?.weather?.id)
  const again = await client.query({ query: Now, variables: { city: 'Mumbai' }, fetchPolicy: 'cache-only' })
  assert.deepEqual(again.data, metric)
})

test('a record that is written by id changes wherever it is watched', async () => {
  const pipeline = await newPipeline()
  await processed(pipeline, 'a', { city: 'Mumbai' })
  const client = clientOn(httpLink(url))
  const watched = client.watchQuery({ query: OneRecord, variables: { pipeline, payloadId: 'a' } })
  const subscription = watched.subscribe(() => {})
  const { data } = await loaded(watched)
  assert.equal(data?.record?.state, 'PROCESSED')

  const changed = loaded(watched, (result) => result.data?.record?.state === 'DEAD')
  const id = client.cache.identify({ __typename: 'Record', id: data?.record?.id })!
  client.cache.writeFragment({ id, fragment: RecordStateOnly, data: { __typename: 'Record', state: 'DEAD' } })
  assert.equal((await changed).data?.record?.payloadId, 'a')
  subscription.unsubscribe()
})

test('a city is one object, whether it comes with a record or by its name', async () => {
  const pipeline = await newPipeline()
  await processed(pipeline, 'a', { city: 'Mumbai' })
  const client = clientOn(httpLink(url))
  const { data: record } = await client.query({ query: OneRecord, variables: { pipeline, payloadId: 'a' } })
  const { data: city } = await client.query({ query: CityWeather, variables: { name: 'Mumbai' } })
  assert.equal(record?.record?.city?.id, city?.city?.id)

  const id = client.cache.identify({ __typename: 'City', id: city?.city?.id })!
  client.cache.writeFragment({ id, fragment: CityPopulation, data: { __typename: 'City', population: 7 } })
  assert.deepEqual(client.cache.readFragment({ id, fragment: CityPopulation }), { __typename: 'City', population: 7 })
  const entities = Object.keys((client.cache as InMemoryCache).extract())
  assert.deepEqual(entities.filter((e) => e.startsWith('City:')), [id])
})
