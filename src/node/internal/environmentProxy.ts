/**
 * The proxy that the environment names.
 *
 * @since 0.1.0
 */
import { getProxyForUrl } from "proxy-from-env"

/** The proxy for a URL, what is no URL of a proxy as text, or none. */
export const environmentProxy = (url: URL): URL | string | undefined => {
  const found = getProxyForUrl(url)
  if (found === "") return undefined
  // one that is named without a scheme is given that of the URL, and yet speaks plain HTTP
  const bare = /^https:\/\/(.*)$/.exec(found)?.[1]
  const text = Object.values(process.env).includes(bare) ? `http://${bare}` : found
  const proxy = URL.canParse(text) ? new URL(text) : undefined
  return proxy !== undefined && /^https?:$/.test(proxy.protocol) ? proxy : text
}
