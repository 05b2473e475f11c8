// gql.tada makes types as good of the same schema, without a generator for each
// operation.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { initGraphQLTada, type VariablesOf } from 'gql.tada'

import type { introspection } from './generated/tada.js'
import { clientOn, url } from './gateway.js'
import { httpLink } from './links.js'

const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string; Date: string; JSON: unknown } }>()

const Temperature = graphql(`
  query Temperature($city: String!, $units: Units!) {
    weather(city: $city, units: $units) { units current { temperature time } }
  }
`)

const asked: VariablesOf<typeof Temperature> = { city: 'Mumbai', units: 'IMPERIAL' }
// @ts-expect-error there are no such units
const refused: VariablesOf<typeof Temperature> = { city: 'Mumbai', units: 'KELVIN' }

test('operations typed by gql.tada are served', async () => {
  const { data } = await clientOn(httpLink(url)).query({ query: Temperature, variables: asked })
  const temperature: number | null | undefined = data?.weather?.current?.temperature
  assert.equal(typeof temperature, 'number')
  assert.equal(data?.weather?.units, asked.units)
  await assert.rejects(clientOn(httpLink(url)).query({ query: Temperature, variables: refused }))
})
