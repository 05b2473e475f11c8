// Asks for the weather of cities, processes a payload, sends it again, and walks
// through the records. Exits with 1 when an answer is not what it should be.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

import { ask, data } from './client.js'
import { graphql } from './generated/gql.js'

const url = process.argv[2] ?? process.env['BAROGRAPH_URL'] ?? 'http://127.0.0.1:8080/graphql'

const WeatherOfCities = graphql(`
  query WeatherOfCities($names: [String!]!, $units: Units!) {
    cities(names: $names) {
      name
      countryName
      weather(units: $units) {
        current { temperature condition description }
        freshness { state simulated }
      }
    }
  }
`)

const Process = graphql(`
  mutation Process($payload: JSON!) {
    processPayload(input: { payload: $payload }) {
      duplicate
      record { id payloadId result city { name } }
      problems { code message }
    }
  }
`)

const Records = graphql(`
  query Records($city: String!, $since: DateTime!, $after: String) {
    records(first: 2, after: $after, filter: { city: $city, receivedSince: $since }, orderBy: { direction: ASC }) {
      nodes { payloadId state receivedAt }
      pageInfo { endCursor hasNextPage }
    }
  }
`)

async function weather(): Promise<void> {
  const { data: found, errors } = await ask(url, WeatherOfCities, { names: ['Mumbai', 'Nowhereville', 'London, CA'], units: 'METRIC' })
  const [mumbai, nowhere, london] = found?.cities ?? []
  for (const city of [mumbai, london]) {
    const { current, freshness } = city?.weather ?? {}
    console.log(`${city?.name}, ${city?.countryName}: ${current?.temperature} °C, ${current?.description} (${freshness?.simulated ? 'simulated' : freshness?.state})`)
    assert.equal(typeof current?.temperature, 'number')
  }
  // One unknown city spoils only itself: it is null, and an error says why.
  assert.equal(nowhere, null)
  assert.deepEqual(errors?.map((e) => [e.path?.join('.'), e.extensions?.code]), [['cities.1', 'NOT_FOUND']])
}

async function submit(payload: { id: string; city: string; value: number }) {
  const { processPayload } = await data(url, Process, { payload })
  assert(processPayload, 'processPayload is null without an error')
  return processPayload
}

async function payloads(): Promise<void> {
  const run = randomUUID()
  const started = new Date(Date.now() - 60_000).toISOString() // clocks may differ
  const sent = [1, 2, 3, 4, 5].map((value) => ({ id: `${run}/${value}`, city: 'Mumbai', value }))
  for (const payload of sent) {
    const { duplicate, record, problems } = await submit(payload)
    assert.deepEqual([duplicate, problems, record?.payloadId, record?.city?.name], [false, [], payload.id, 'Mumbai'])
  }
  const again = await submit(sent[0]!)
  assert.equal(again.duplicate, true, 'the same payload takes effect once')
  const conflict = await submit({ ...sent[0]!, value: 100 })
  assert.deepEqual(conflict.problems.map((p) => p.code), ['PAYLOAD_CONFLICT'])

  const ours: string[] = []
  for (let after: string | null = null; ; ) {
    const { records }: Awaited<ReturnType<typeof page>> = await page(started, after)
    assert(records)
    ours.push(...records.nodes.map((r) => r.payloadId).filter((id) => id.startsWith(run)))
    if (!records.pageInfo.hasNextPage) break
    after = records.pageInfo.endCursor
  }
  console.log(`${sent.length} payloads processed, ${ours.length} read back`)
  assert.deepEqual(ours, sent.map((p) => p.id), 'each once, in the order they were taken in')
}

function page(since: string, after: string | null) {
  return data(url, Records, { city: 'Mumbai', since, after })
}

await weather()
await payloads()
