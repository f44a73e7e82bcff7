/**
 * Self-signed certificates, encoded by hand so that no tool or package is needed.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"
import { generateKeyPairSync, sign } from "node:crypto"
import { isIPv4 } from "node:net"

/** The certificate of a TLS server and its private key, both in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

// DER (X.690): a tag, a length, and the content
const der = (tag: number, ...parts: ReadonlyArray<Buffer>): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...parts: ReadonlyArray<Buffer>): Buffer => der(0x30, ...parts)
const hex = (text: string): Buffer => Buffer.from(text, "hex")

const ecdsaWithSha256 = sequence(hex("06082a8648ce3d040302"))
const commonName = (host: string): Buffer =>
  sequence(der(0x31, sequence(hex("0603550403"), der(0x0c, Buffer.from(host)))))
const newYear = (year: number): Buffer => der(0x17, Buffer.from(`${String(year).slice(2)}0101000000Z`))
const alternativeName = (host: string): Buffer => {
  const name = isIPv4(host) ? der(0x87, Buffer.from(host.split(".").map(Number))) : der(0x82, Buffer.from(host))
  return sequence(hex("0603551d11"), der(0x04, sequence(name)))
}

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString("base64")}\n-----END ${label}-----\n`

/**
 * Makes a certificate for a host. It is valid from the start of year `from` to the start of year `until`, both before 2050
 * (RFC 5280 §4.1).
 */
export const selfSigned = (host: string, from: number, until: number): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const content = sequence(
    hex("a003020102"), // version 3
    hex("020101"), // serial number 1
    ecdsaWithSha256,
    commonName(host),
    sequence(newYear(from), newYear(until)),
    commonName(host),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(alternativeName(host)))
  )
  const signature = der(0x03, hex("00"), sign("sha256", content, privateKey))
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: pem("CERTIFICATE", sequence(content, ecdsaWithSha256, signature))
  }
}
