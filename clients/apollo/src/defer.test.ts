// @defer, by both of Apollo Client's handlers.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CombinedGraphQLErrors } from '@apollo/client'
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental'

import { graphql } from './generated/gql.js'
import { clientOn, url } from './gateway.js'
import { httpLink, webSocketLink } from './links.js'
import { results } from './watched.js'
import { Wire } from './wire.js'

const WeatherLater = graphql(`
  query WeatherLater($name: String!, $later: Boolean! = true) {
    city(name: $name) {
      id
      name
      ... on City @defer(if: $later) {
        weather { id current { temperature } }
      }
    }
  }
`)

const EachLater = graphql(`
  query EachLater($names: [String!]!) {
    cities(names: $names) {
      id
      name
      ... on City @defer(label: "weather") {
        weather {
          id
          ... on Weather @defer(label: "week") { daily(days: 3) { date temperatureMax } }
        }
      }
    }
  }
`)

const FailsLater = graphql(`
  query FailsLater {
    city(name: "Mumbai") {
      id
      name
      ... on City @defer { records(first: 100000) { totalCount } }
    }
  }
`)

const handlers = [
  { spec: 'deferSpec=20220824', handler: () => new Defer20220824Handler() },
  { spec: 'incrementalSpec=v0.2', handler: () => new GraphQL17Alpha9Handler() },
]

for (const { spec, handler } of handlers) {
  const connect = (wire = new Wire()) => clientOn(httpLink(url, { fetch: wire.fetch }), { incrementalHandler: handler() })

  test(`${spec}: what is deferred is absent at first, and comes later`, async () => {
    const wire = new Wire()
    const seen = await results(connect(wire).watchQuery({ query: WeatherLater, variables: { name: 'Mumbai' } }))
    const [first] = seen
    assert.equal(first?.dataState, 'streaming')
    const city = first?.data?.city
    assert.equal(city?.name, 'Mumbai')
    assert(!('weather' in city), `deferred, and there: ${JSON.stringify(city)}`)
    const last = seen.at(-1)
    assert.equal(last?.dataState, 'complete')
    assert.equal(last?.error, undefined)
    assert.equal(typeof last?.data?.city?.weather?.current?.temperature, 'number')

    assert(wire.at(0).headers.get('accept')?.includes(spec))
    const type = wire.at(0).answered.get('content-type') ?? ''
    assert(type.startsWith('multipart/mixed') && type.replaceAll('"', '').includes(spec), type)
  })

  test(`${spec}: every element of a list, and what is deferred within, comes later`, async () => {
    const names = ['Mumbai', 'Paris', 'Tokyo']
    const seen = await results(connect().watchQuery({ query: EachLater, variables: { names } }))
    const [first] = seen
    assert.equal(first?.dataState, 'streaming')
    for (const city of first?.data?.cities ?? []) assert(city?.name && !('weather' in city))
    const last = seen.at(-1)
    assert.equal(last?.dataState, 'complete')
    assert.deepEqual(last?.data?.cities?.map((c) => c?.name), names)
    for (const city of last?.data?.cities ?? []) assert.equal(city?.weather?.daily?.length, 3)
  })

  test(`${spec}: what fails later is told later, and the rest stays`, async () => {
    const seen = await results(connect().watchQuery({ query: FailsLater, errorPolicy: 'all' }))
    const [first] = seen
    assert.equal(first?.error, undefined)
    const last = seen.at(-1)
    assert(CombinedGraphQLErrors.is(last?.error), `${last?.error}`)
    assert.deepEqual(last.error.errors.map((e) => [e.path?.join('.'), e.extensions?.['code']]), [['city.records', 'BAD_USER_INPUT']])
    assert.equal(last.data?.city?.name, 'Mumbai')
    assert.equal(last.data?.city?.records, null)
  })

  test(`${spec}: client.query answers when everything has come`, async () => {
    const { data } = await connect().query({ query: WeatherLater, variables: { name: 'Mumbai' } })
    assert.equal(typeof data?.city?.weather?.current?.temperature, 'number')
  })

  test(`${spec}: what is not deferred after all comes at once`, async () => {
    const seen = await results(connect().watchQuery({ query: WeatherLater, variables: { name: 'Mumbai', later: false } }))
    const [first] = seen
    assert.equal(typeof first?.data?.city?.weather?.current?.temperature, 'number')
  })

  test(`${spec}: what is not valid is one answer`, async () => {
    const { error } = await connect().query({ query: WeatherLater, variables: {} as never, errorPolicy: 'all' })
    assert(CombinedGraphQLErrors.is(error))
    assert.equal(error.errors[0]?.extensions?.['code'], 'GRAPHQL_VALIDATION_FAILED')
  })

  test(`${spec}: where the answer cannot come in parts, everything comes at once`, async () => {
    const plain: typeof fetch = (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('accept', 'application/json')
      return fetch(input, { ...init, headers })
    }
    for (const link of [httpLink(url, { fetch: plain }), webSocketLink(url)]) {
      const client = clientOn(link, { incrementalHandler: handler() })
      const seen = await results(client.watchQuery({ query: WeatherLater, variables: { name: 'Mumbai' } }))
      const [first] = seen
      assert.equal(first?.dataState, 'complete')
      assert.equal(typeof first?.data?.city?.weather?.current?.temperature, 'number')
    }
  })
}
