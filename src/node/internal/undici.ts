/**
 * The parts of undici that the transport uses, imported without the index of undici.
 *
 * Loading the index makes undici's agent the global dispatcher of the process, so that Node's `fetch` and every other copy of
 * undici send with it. The files imported here set no global.
 *
 * @since 0.1.0
 */
import type * as undici from "undici"
import core from "undici/lib/core/errors.js"
import client from "undici/lib/dispatcher/client.js"

export type Client = undici.Client

export const Client: typeof undici.Client = client

export const errors: typeof undici.errors = core
