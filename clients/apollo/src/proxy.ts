import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { url } from './gateway.js'

/** A way to the gateway that can be cut, as networks are. */
export class Proxy implements AsyncDisposable {
  #up = true
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => {
    if (!this.#up) {
      client.destroy()
      return
    }
    const { hostname, port } = new URL(url)
    const gateway = connect(Number(port), hostname)
    for (const [socket, peer] of [[client, gateway], [gateway, client]] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        peer.destroy()
      })
      socket.pipe(peer)
    }
  })

  static async start(): Promise<Proxy> {
    const proxy = new Proxy()
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** Where the gateway is through it. */
  get url(): string {
    const through = new URL(url)
    through.port = String((this.#server.address() as AddressInfo).port)
    return through.href
  }

  /** Breaks every connection, and takes no new ones until it is mended. */
  cut(): void {
    this.#up = false
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#up = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
