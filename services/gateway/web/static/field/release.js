/* The licence's QR: what the node signed, what this device adds (rules/release.py). */
import { base64url, signBytes, unbase64 } from "./device.js";

const coded = new TextEncoder(), decoded = new TextDecoder();

/* UUIDv7 (RFC 9562): the time in milliseconds, then chance. */
export function uuid7() {
  const made = crypto.getRandomValues(new Uint8Array(16));
  const now = BigInt(Date.now());
  for (let at = 0; at < 6; at += 1) made[at] = Number((now >> BigInt(40 - 8 * at)) & 0xffn);
  made[6] = (made[6] & 0x0f) | 0x70;
  made[8] = (made[8] & 0x3f) | 0x80;
  const hex = [...made].map((one) => one.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export const wholeSecond = (at) => at.toISOString().replace(/\.\d{3}Z$/, "Z");

/* The text of the QR; `at` ends in Z and has whole seconds. */
export async function release(ticket, at, receiptNumber) {
  const payload = base64url(coded.encode(JSON.stringify([at, receiptNumber])));
  const text = `${ticket}.${payload}`;
  return `${text}.${base64url(await signBytes(coded.encode(text)))}`;
}

/* Whether one of the node's keys signed the ticket: a tablet hands over nothing that a checker would not take. */
export async function ticketGenuine(ticket, keys) {
  try {
    const [form, body, signature] = ticket.split(".");
    const payload = unbase64(body);
    const [keyId] = JSON.parse(decoded.decode(payload));
    const key = await crypto.subtle.importKey("raw", unbase64(keys[keyId]), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, unbase64(signature), new Uint8Array([...coded.encode(`${form}.`), ...payload]));
  } catch {
    return false;
  }
}
