/* What was done here and the node has not answered yet. An item is numbered, signed and stored in one transaction with
   what it changes here, before anything is sent; it leaves by the node's answer alone. */
import { db, meta } from "./db.js";
import { sha256, sign, signedText } from "./device.js";
import { uuid7 } from "./release.js";
import { openBytes, seal, sealBytes, unseal } from "./vault.js";

export const PENDING = "pending", APPLIED = "applied", QUARANTINED = "quarantined", REFUSED = "refused", CLOSED = "closed";
/* States in which the node has the item, whole. */
export const ARRIVED = [APPLIED, QUARANTINED, CLOSED];

/* The item's record as it stands in the database, and what is in it. */
async function record(item) {
  const { item_id, number, kind, state } = item;
  return { item_id, number, kind, state, ...await seal(`queue/${item_id}`, item) };
}

/* Keep what was done. `build({receipt})` answers its body; `papers` are {sha256, paper, file_name} of what was put aside
   by `putAside`; `after` the item that must come first; `sealed` answers what else changes, by name (null: it goes).
   All of it, or nothing, is stored. Answers the item. */
export function keepItem({ kind, build, papers = [], after = null, about, sealed = async () => ({}), takesReceipt = false }) {
  return navigator.locks.request("field-queue", async () => {
    const counters = { item: 0, receipt: 0, ...await meta("counters") };
    counters.item += 1;
    if (takesReceipt) counters.receipt += 1;
    const at = new Date();
    const body = JSON.stringify(await build({ receipt: counters.receipt, at }));
    const signed = { item_id: uuid7(), number: counters.item, kind, device_time: at.toISOString(), body, after };
    signed.signature = await sign(signedText(signed));
    const item = { ...signed, state: PENDING, papers, uploaded: {}, answer: null, refusal: null, about };
    const changes = [];
    for (const [name, value] of Object.entries(await sealed(item))) {
      changes.push([name, value === null ? null : await seal(`sealed/${name}`, value)]);
    }
    const row = await record(item);
    const work = (await db()).transaction(["meta", "sealed", "queue"], "readwrite", { durability: "strict" });
    work.objectStore("meta").put(counters, "counters");
    work.objectStore("queue").put(row);
    for (const [name, value] of changes) {
      if (value === null) work.objectStore("sealed").delete(name);
      else work.objectStore("sealed").put(value, name);
    }
    await work.done;
    return item;
  });
}

/* The counts that the node knows of are the least: a device whose browser forgot goes on after them. */
export function raiseCounters(item, receipt) {
  return navigator.locks.request("field-queue", async () => {
    const counters = { item: 0, receipt: 0, ...await meta("counters") };
    await (await db()).put("meta", { item: Math.max(counters.item, item), receipt: Math.max(counters.receipt, receipt) }, "counters");
  });
}

export async function change(item, changes) {
  const changed = { ...item, ...changes };
  await (await db()).put("queue", await record(changed));
  return changed;
}

/* All items, the oldest first. */
export async function items() {
  const rows = await (await db()).getAll("queue");
  const found = await Promise.all(rows.map((row) => unseal(`queue/${row.item_id}`, row)));
  return found.sort((one, other) => one.number - other.number);
}

/* Let go of what the node applied or closed longer ago than `before`, a moment in ms. */
export async function prune(before) {
  for (const item of await items()) {
    if ([APPLIED, CLOSED].includes(item.state) && Date.parse(item.device_time) < before) await (await db()).delete("queue", item.item_id);
  }
}

/* Numbers of what the node does not have; readable while locked. */
export async function waiting() {
  return (await (await db()).getAll("queue")).filter((row) => !ARRIVED.includes(row.state)).map((row) => row.number).sort((one, other) => one - other);
}

/* Put a file aside, encrypted, as soon as it is there: {paper, sha256, size, file_name, media_type}. */
export async function putAside(content, file_name, media_type) {
  const paper = uuid7();
  await (await db()).put("papers", await sealBytes(`papers/${paper}`, content), paper);
  return { paper, sha256: await sha256(content), size: content.byteLength, file_name, media_type };
}

export async function paper(name) {
  const found = await (await db()).get("papers", name);
  return found ? openBytes(`papers/${name}`, found) : null;
}

export async function throwAway(papers) {
  const work = (await db()).transaction("papers", "readwrite");
  await Promise.all([...papers.map((one) => work.store.delete(one)), work.done]);
}
