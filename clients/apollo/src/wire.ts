/** What a client sent, and what it has read of the answer so far. */
export interface Exchange {
  method: string
  url: URL
  headers: Headers
  body: unknown
  status: number
  answered: Headers
  text: string
}

/** Listens on the wire between a client and the gateway: hand `wire.fetch` to a link. */
export class Wire {
  readonly exchanges: Exchange[] = []

  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const response = await fetch(input, init)
    const exchange: Exchange = {
      method: request.method,
      url: new URL(request.url),
      headers: request.headers,
      body: typeof init?.body === 'string' ? JSON.parse(init.body) : undefined,
      status: response.status,
      answered: response.headers,
      text: '',
    }
    this.exchanges.push(exchange)
    if (!response.body) return response
    const decoder = new TextDecoder()
    const read = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        exchange.text += decoder.decode(chunk, { stream: true })
        controller.enqueue(chunk)
      },
    })
    return new Response(response.body.pipeThrough(read), response)
  }

  /** The exchange at an index, which must have been. */
  at(index: number): Exchange {
    const exchange = this.exchanges.at(index)
    if (!exchange) throw new Error(`${this.exchanges.length} exchanges, none at ${index}`)
    return exchange
  }
}
