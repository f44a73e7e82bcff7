/**
 * The parts of undici that send, without its index.
 *
 * Loading the index makes undici's own agent the dispatcher of the process: Node's `fetch` and every other copy of undici
 * would then send with it. The files below set no global.
 *
 * @since 0.1.0
 */
import type * as undici from "undici"
import core from "undici/lib/core/errors.js"
import client from "undici/lib/dispatcher/client.js"

export type Client = undici.Client

export const Client: typeof undici.Client = client

export const errors: typeof undici.errors = core
