/* Data at rest: one AES-GCM key for everything, which lies in the database wrapped twice: under the clerk's PIN and
   under a secret that the node gives whoever logs in again as the same clerk. Both are mixed with a key of the device
   that cannot be exported. Unwrapped it lives in this tab's memory, until it is locked, closed or left alone. */
import { db, meta, setMeta } from "./db.js";

export const TRIES = 5; // wrong PINs; then the PIN's wrap is gone and only logging in again opens
const ITERATIONS = 600000; // PBKDF2-HMAC-SHA-256, OWASP's figure of 2023
const coded = new TextEncoder(), decoded = new TextDecoder();
let key = null;

export class WrongPin extends Error {
  constructor(left) { super("wrong PIN"); this.left = left; }
}

export const isOpen = () => key !== null;
export const lock = () => { key = null; };

const bytes = (size) => crypto.getRandomValues(new Uint8Array(size));

export async function deviceSecret() {
  return crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign"]);
}

async function wrappingKey(secret, salt, slow) {
  let material = secret;
  if (slow) {
    const typed = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
    material = new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS }, typed, 256));
  }
  const { secret: own } = await meta("device");
  const mixed = new Uint8Array([...salt, ...material]);
  const raw = await crypto.subtle.sign("HMAC", own, mixed);
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["wrapKey", "unwrapKey"]);
}

async function wrap(data, wrapping) {
  const iv = bytes(12);
  return { iv, data: await crypto.subtle.wrapKey("raw", data, wrapping, { name: "AES-GCM", iv }) };
}

const unwrap = (wrapped, wrapping, extractable) => crypto.subtle.unwrapKey("raw", wrapped.data, wrapping,
  { name: "AES-GCM", iv: wrapped.iv }, "AES-GCM", extractable, ["encrypt", "decrypt"]);

const pinBytes = (pin) => coded.encode(pin.normalize("NFC"));

/* Whether a PIN may be used: six characters or more, not one digit over and over, not counted up or down. */
export function pinFault(pin) {
  if ([...pin].length < 6) return "field.pin.short";
  const codes = [...pin].map((one) => one.codePointAt(0)), steps = new Set(codes.slice(1).map((one, at) => one - codes[at]));
  return steps.size === 1 && [0, 1, -1].includes([...steps][0]) ? "field.pin.simple" : null;
}

/* A vault of one clerk: nothing is in it yet. */
export async function create(username, pin, recovery) {
  const salt = bytes(16);
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
  const vault = {
    username, salt, tries: 0,
    pin: await wrap(made, await wrappingKey(pinBytes(pin), salt, true)),
    recovery: await wrap(made, await wrappingKey(recovery, salt, false)),
  };
  await setMeta("vault", vault);
  key = await unwrap(vault.pin, await wrappingKey(pinBytes(pin), salt, true), false);
}

/* Open with the PIN. WrongPin says how many tries are left; a try is counted before it is made. */
export async function open(pin) {
  await navigator.locks.request("field-vault", async () => {
    const vault = await meta("vault");
    if (!vault.pin) throw new WrongPin(0);
    const tried = { ...vault, tries: vault.tries + 1 };
    await setMeta("vault", tried.tries >= TRIES ? { ...tried, pin: null } : tried);
    let found;
    try {
      found = await unwrap(vault.pin, await wrappingKey(pinBytes(pin), vault.salt, true), false);
    } catch {
      throw new WrongPin(Math.max(TRIES - tried.tries, 0));
    }
    await setMeta("vault", { ...vault, tries: 0 });
    key = found;
  });
}

/* Open with one of the node's secrets of the same clerk, the newest first, and take a new PIN. */
export async function reopen(secrets, pin) {
  const vault = await meta("vault");
  let whole = null;
  for (const secret of secrets) {
    whole ??= await unwrap(vault.recovery, await wrappingKey(secret, vault.salt, false), true).catch(() => null);
  }
  if (whole === null) throw new Error("none of the node's secrets opens this vault");
  const recovery = await wrap(whole, await wrappingKey(secrets[0], vault.salt, false));
  const again = await wrap(whole, await wrappingKey(pinBytes(pin), vault.salt, true));
  await setMeta("vault", { ...vault, tries: 0, pin: again, recovery });
  key = await unwrap(recovery, await wrappingKey(secrets[0], vault.salt, false), false);
}

/* {iv, data} of bytes; `place` (its store and key) is bound to it, so that nothing can be put in another's place. */
export async function sealBytes(place, plain) {
  const iv = bytes(12);
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: coded.encode(place) }, key, plain) };
}

export async function openBytes(place, sealed) {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv, additionalData: coded.encode(place) }, key, sealed.data);
}

export const seal = (place, value) => sealBytes(place, coded.encode(JSON.stringify(value)));
export const unseal = async (place, sealed) => JSON.parse(decoded.decode(await openBytes(place, sealed)));

/* One value of the store `sealed`. */
export async function keep(name, value) {
  const sealed = await seal(`sealed/${name}`, value);
  await (await db()).put("sealed", sealed, name);
}

export async function kept(name) {
  const sealed = await (await db()).get("sealed", name);
  return sealed ? unseal(`sealed/${name}`, sealed) : null;
}

export async function forget(name) {
  await (await db()).delete("sealed", name);
}

export async function keptNames(prefix) {
  return (await (await db()).getAllKeys("sealed")).filter((name) => name.startsWith(prefix));
}
