/* The device's own key: Ed25519, made here, not to be exported; and what it signs. */
import { meta, setMeta } from "./db.js";
import { deviceSecret } from "./vault.js";

const coded = new TextEncoder();

export const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
export const base64url = (buffer) => base64(buffer).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
export const unbase64 = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
export const sha256 = async (buffer) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", buffer))]
  .map((one) => one.toString(16).padStart(2, "0")).join("");

/* Whether this browser can do what a device must: keys of Ed25519 (Chromium from 137 on) and a database. */
export async function able() {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB || !navigator.locks) return false;
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

export const device = () => meta("device");

/* The device as it is before anybody knows it: its keys, made once. */
export async function make(said) {
  const known = await device();
  const pair = known ?? await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const made = {
    device_id: null, state: null, secret: known?.secret ?? await deviceSecret(),
    privateKey: pair.privateKey, public_key: known?.public_key ?? base64(await crypto.subtle.exportKey("raw", pair.publicKey)),
    ...said,
  };
  await setMeta("device", made);
  return made;
}

export async function update(changes) {
  const changed = { ...await device(), ...changes };
  await setMeta("device", changed);
  return changed;
}

export async function signBytes(content) {
  return crypto.subtle.sign("Ed25519", (await device()).privateKey, content);
}

export async function sign(text) {
  return base64(await signBytes(coded.encode(text)));
}

/* What makes the device known: rules.device_keys.registration. */
export async function registration() {
  const { unit, label, kind, public_key } = await device();
  return { unit, label, kind, public_key, proof: await sign(`SHD1.register\n${unit}\n${public_key}`) };
}

/* What it says of itself at each contact: rules.device_keys.contact. */
export async function contact(wiped) {
  const { public_key } = await device(), at = new Date().toISOString();
  const emptied = wiped === null ? "" : `wiped ${wiped.join(",")}`;
  return { public_key, at, wiped, signature: await sign(`SHD1.contact\n${public_key}\n${at}\n${emptied}`) };
}

/* What an item is signed over: rules.offline.signed_text. */
export const signedText = (item) => [item.item_id, item.number, item.kind, item.device_time, item.body].join("\n");
