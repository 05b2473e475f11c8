// Credentials that are sent are checked, also by a gateway that wants none.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CombinedGraphQLErrors } from '@apollo/client/errors'

import { CityByName } from './documents.js'
import { clientOn, url } from './gateway.js'
import { httpLink, tokenLink, webSocketLinkWith } from './links.js'

const query = { query: CityByName, variables: { name: 'Mumbai' } }

test('a request with a bad token is refused', async () => {
  await assert.rejects(clientOn(tokenLink(() => 'bad', httpLink(url))).query(query), (error: unknown) => {
    assert(CombinedGraphQLErrors.is(error))
    assert.equal(error.errors[0]?.extensions?.['code'], 'UNAUTHENTICATED')
    return true
  })
})

test('a request without a token is that of whoever needs none', async () => {
  const { data } = await clientOn(tokenLink(() => undefined, httpLink(url))).query(query)
  assert.equal(data?.city?.countryName, 'India')
})

test('a WebSocket that is refused comes back with another token', async () => {
  const tokens = ['bad', 'worse', undefined]
  const { data } = await clientOn(webSocketLinkWith(url, () => tokens.shift())).query(query)
  assert.equal(data?.city?.countryName, 'India')
  assert.equal(tokens.length, 0)
})
