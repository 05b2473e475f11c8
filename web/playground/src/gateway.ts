import { createGraphiQLFetcher } from "@graphiql/toolkit";

/** The endpoint stands beside the page, whatever host, port and path that has. */
const endpoint = new URL("graphql", location.href);

/** The same endpoint for graphql-transport-ws: https becomes wss, http ws. */
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol.replace("http", "ws");

/**
 * Sends queries and mutations by POST, and subscriptions over a WebSocket, which
 * gets the headers of a tab as the payload of its connection_init.
 */
export const fetcher = createGraphiQLFetcher({ url: endpoint.href, subscriptionUrl: socket.href });
