/* What the device took along for the clerk's day, and what of it was given out. */
import { device } from "./device.js";
import { call } from "./line.js";
import { prune, raiseCounters } from "./queue.js";
import { uuid7 } from "./release.js";
import { keep, kept } from "./vault.js";

const CHUNK = 20; // definitions that the node gives at a time
const SHOWN_FOR = 7 * 24 * 3600 * 1000; // ms that an item which arrived is still shown

export const bundle = () => kept("bundle");
export const definitions = async () => (await kept("definitions")) ?? [];

export async function definition(code, version = null) {
  const found = (await definitions()).filter((one) => one.code === code);
  return found.find((one) => one.version === version) ?? found.at(-1) ?? null;
}

/* Take the day along. What was given out before stays given out. */
export async function takeAlong(services, numbers, day = null) {
  const { device_id } = await device();
  const chunks = [];
  for (let at = 0; at === 0 || at < services.length; at += CHUNK) chunks.push(services.slice(at, at + CHUNK));
  let whole = null;
  const found = new Map();
  for (const [at, some] of chunks.entries()) {
    const part = await call("POST", `/devices/${device_id}/bundle`, { key: uuid7(), body: { day, services: some, numbers: at ? 0 : numbers } });
    for (const one of part.definitions) found.set(`${one.code}/${one.version}`, one);
    whole ??= part;
  }
  const before = await bundle();
  const { definitions: _, ...taken } = whole;
  await keep("definitions", [...found.values()]);
  await keep("bundle", { ...taken, taken_at: new Date().toISOString(), services, given: (before?.given ?? []).filter((one) => taken.tracking_numbers.includes(one)),
    released: before?.released ?? {}, reported: before?.bundle_id === taken.bundle_id ? before.reported : {} });
  await prune(Date.now() - SHOWN_FOR);
  await raiseCounters(taken.next_item_number - 1, taken.next_receipt_number - 1);
  return bundle();
}

/* Numbers of the bundle that nobody was given yet. */
export const numbersLeft = (taken) => taken.tracking_numbers.filter((one) => !taken.given.includes(one));

/* What every body says: under which bundle, for which visit, and what was gathered. */
export function framed(taken, visit, evidence, body) {
  return { bundle_id: taken.bundle_id, visit_id: visit?.visit_id ?? null, ...(evidence ? { evidence } : {}), ...body };
}
