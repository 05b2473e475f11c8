// The schema that types are generated from is the one that is served.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { buildClientSchema, buildSchema, getIntrospectionQuery, isIntrospectionType, lexicographicSortSchema, parse, printType, type GraphQLSchema } from 'graphql'

import { clientOn, url } from './gateway.js'
import { httpLink } from './links.js'

const address = new URL('/schema.graphql', url)

function types(schema: GraphQLSchema): string[] {
  return Object.values(lexicographicSortSchema(schema).getTypeMap()).filter((type) => !isIntrospectionType(type)).map(printType)
}

test('/schema.graphql is what introspection tells', async () => {
  const { data } = await clientOn(httpLink(url)).query({ query: parse(getIntrospectionQuery({ specifiedByUrl: true })), fetchPolicy: 'no-cache' })
  const answer = await fetch(address)
  assert.deepEqual(types(buildSchema(await answer.text())), types(buildClientSchema(data as never)))
})

test('/schema.graphql is fetched again only when it changes', async () => {
  const first = await fetch(address)
  await first.text()
  const etag = first.headers.get('etag')
  assert(etag)
  const again = await fetch(address, { headers: { 'if-none-match': etag } })
  assert.equal(again.status, 304)
})
