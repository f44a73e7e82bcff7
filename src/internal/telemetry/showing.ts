/**
 * The attributes that describe a call, without anything that must not be shown.
 *
 * @since 0.2.0
 */
import { withoutAccount } from "../redact.js"
import type { Subject as Of } from "../call/model.js"
import type { Attribute } from "./names.js"

/** The values of a call's attributes, as they may be shown. */
export type Shown = { readonly [K in Attribute]?: string | undefined }

const longest = 128

/** Removes control characters from a value and limits its length. */
export const cleaned = (value: string | undefined): string | undefined =>
  value?.replace(/\p{C}/gu, "").slice(0, longest)

/** Returns the attributes that describe a call, without anything that must not be shown. */
export const showing = ({ about, workload }: Of): Shown => {
  const { host, model, operation, provider } = about
  // only the host and the port are kept, not the credentials before them
  const [, address, port] = /^(?:[^/]*@)?\[?([^\]/@]*?)\]?(?::(\d{1,5}))?$/.exec(host ?? "") ?? []
  return {
    workload: cleaned(workload.name),
    operation: cleaned(operation),
    provider: cleaned(provider),
    model: model === undefined ? undefined : cleaned(withoutAccount(model)),
    address: address === "" ? undefined : cleaned(address),
    port
  }
}
