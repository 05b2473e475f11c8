// Each kind of error as a front end sees it: GraphQL's errors always come as
// CombinedGraphQLErrors with their codes, never as a ServerError that hides them.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CombinedGraphQLErrors, type ErrorLike } from '@apollo/client'
import { parse, type DocumentNode, type GraphQLFormattedError } from 'graphql'

import { CityByName, WeatherOfCities } from './documents.js'
import { graphql } from './generated/gql.js'
import { clientOn, url } from './gateway.js'
import { httpLink } from './links.js'
import { Wire } from './wire.js'

const FirstRecords = graphql(`
  query FirstRecords($first: Int!) {
    city(name: "Mumbai") { id }
    records(first: $first) { totalCount }
  }
`)

function only(error: ErrorLike | undefined): GraphQLFormattedError {
  assert(CombinedGraphQLErrors.is(error), `not GraphQL's: ${error}`)
  assert.equal(error.errors.length, 1)
  return error.errors[0]!
}

function aliases(count: number): DocumentNode {
  const fields = Array.from({ length: count }, (_, i) => `a${i}: __typename`)
  return parse(`query { ${fields.join(' ')} }`)
}

function deep(levels: number): DocumentNode {
  return parse(`query { city(name: "Mumbai") ${'{ weather { city '.repeat(levels)} { id } ${'} }'.repeat(levels)} }`)
}

// Documents that are refused whole. What a client cannot say by itself is put in
// its mouth as the text it sends.
const refusals: { name: string; code: string; says: RegExp; text?: string; query?: DocumentNode; variables?: object }[] = [
  { name: 'a document that does not parse', code: 'GRAPHQL_PARSE_FAILED', says: /./, text: '{ city(name: ' },
  { name: 'a field that is not there', code: 'GRAPHQL_VALIDATION_FAILED', says: /clowd/, query: parse('query { clowd }') },
  { name: 'a variable of another type', code: 'GRAPHQL_VALIDATION_FAILED', says: /./, query: WeatherOfCities, variables: { names: { first: 'Mumbai' } } },
  { name: 'a variable that is missing', code: 'GRAPHQL_VALIDATION_FAILED', says: /./, query: WeatherOfCities, variables: {} },
  { name: 'too many aliases', code: 'LIMIT_EXCEEDED', says: /\d+.*\d+/, query: aliases(2000) },
  { name: 'too deep a document', code: 'LIMIT_EXCEEDED', says: /\d+.*\d+/, query: deep(20) },
]

for (const accept of [undefined, 'application/json']) {
  for (const { name, code, says, text, query, variables } of refusals) {
    test(`${name} is ${code}, accepting ${accept ?? "the client's default"}`, async () => {
      const wire = new Wire()
      const link = httpLink(url, {
        fetch: wire.fetch,
        ...(accept ? { headers: { accept } } : {}),
        ...(text === undefined ? {} : { print: () => text }),
      })
      const { data, error } = await clientOn(link).query({
        query: query ?? parse('query { __typename }'),
        variables: variables ?? {},
        errorPolicy: 'all',
        fetchPolicy: 'no-cache', // the client knows the __typename of a query without asking
      })
      assert.equal(data, undefined)
      assert.equal(only(error).extensions?.['code'], code)
      assert.match(only(error).message, says)
      assert.equal(wire.at(0).status, accept ? 200 : 400)
      assert(!wire.at(0).text.includes('"data"'), `an answer without data: ${wire.at(0).text}`)
    })
  }
}

test('a request without a document is BAD_REQUEST', async () => {
  const client = clientOn(httpLink(url, { print: () => '' }))
  const { error } = await client.query({ query: CityByName, variables: { name: 'Mumbai' }, errorPolicy: 'all' })
  assert.equal(only(error).extensions?.['code'], 'BAD_REQUEST')
})

test('a body over the limit is refused with an error of GraphQL', async () => {
  const client = clientOn(httpLink(url))
  const { error } = await client.query({ query: CityByName, variables: { name: 'x'.repeat(9 << 20) }, errorPolicy: 'all' })
  assert.equal(only(error).extensions?.['code'], 'LIMIT_EXCEEDED')
})

test('an argument out of range is BAD_USER_INPUT at its path, and its siblings arrive', async () => {
  const { data, error } = await clientOn(httpLink(url)).query({ query: FirstRecords, variables: { first: 100_000 }, errorPolicy: 'all' })
  assert.deepEqual([only(error).extensions?.['code'], only(error).path], ['BAD_USER_INPUT', ['records']])
  assert.equal(typeof data?.city?.id, 'string')
  assert.equal(data?.records, null)
})

test('an unknown city is NOT_FOUND at its path, beside the others', async () => {
  const { data, error } = await clientOn(httpLink(url)).query({
    query: WeatherOfCities,
    variables: { names: ['Mumbai', 'Nowhereville', 'Paris'] },
    errorPolicy: 'all',
  })
  assert.deepEqual([only(error).extensions?.['code'], only(error).path], ['NOT_FOUND', ['cities', 1]])
  assert.deepEqual(data?.cities?.map((c) => c?.name), ['Mumbai', undefined, 'Paris'])
})

test('by the default error policy the client rejects with the errors and the data', async () => {
  const asked = clientOn(httpLink(url)).query({ query: WeatherOfCities, variables: { names: ['Mumbai', 'Nowhereville'] } })
  await assert.rejects(asked, (error) => {
    assert(CombinedGraphQLErrors.is(error))
    assert.equal(error.errors[0]?.extensions?.['code'], 'NOT_FOUND')
    assert(error.data?.['cities'], 'the data beside the error')
    return true
  })
})
