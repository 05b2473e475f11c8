// The gateway under test, and what every test does with it.
import { randomUUID } from 'node:crypto'

import { ApolloClient, InMemoryCache, type ApolloLink } from '@apollo/client'
import { EventSource } from 'eventsource'
import { throwError, timeout, type MonoTypeOperatorFunction } from 'rxjs'
import { WebSocket } from 'ws'

import { CreatePipeline, Process } from './documents.js'
import { httpLink } from './links.js'

// Browsers have both.
Object.assign(globalThis, { WebSocket, EventSource })

/** Where it answers. */
export const url = process.env['BAROGRAPH_URL'] ?? 'http://127.0.0.1:8080/graphql'

/** Waits for the first of what is expected, and says so when it does not come. */
export function within<T>(what: string, milliseconds = 10_000): MonoTypeOperatorFunction<T> {
  return timeout({ first: milliseconds, with: () => throwError(() => new Error(`${what}: nothing within ${milliseconds} ms`)) })
}

/** A client as a front end makes one, on a link. */
export function clientOn(link: ApolloLink, options: Partial<ApolloClient.Options> = {}): ApolloClient {
  return new ApolloClient({ cache: new InMemoryCache(), link, ...options })
}

const writer = clientOn(httpLink(url))

/** Makes a pipeline for one test alone, and returns its name. */
export async function newPipeline(): Promise<string> {
  const name = `t${randomUUID()}`
  const { data } = await writer.mutate({ mutation: CreatePipeline, variables: { name } })
  if (!data?.createPipeline?.pipeline) throw new Error(`no pipeline: ${JSON.stringify(data)}`)
  return name
}

/** Processes a payload, and returns its record. */
export async function processed(pipeline: string, payloadId: string, more: object = {}) {
  const { data } = await writer.mutate({ mutation: Process, variables: { pipeline, payload: { id: payloadId, ...more } } })
  const record = data?.processPayload?.record
  if (!record) throw new Error(`no record: ${JSON.stringify(data)}`)
  return record
}
