/* The device's own database. Nothing in it names a citizen: `meta` holds the device's keys, counters and the locked
   vault; `sealed` and `papers` hold ciphertext; of an item in `queue` only its id, number, kind and state can be read. */
import { openDB } from "../vendor/idb.js";

const NAME = "shubbak-field", VERSION = 1;
let opened = null;

export function db() {
  opened ??= openDB(NAME, VERSION, {
    upgrade(base) {
      base.createObjectStore("meta");
      base.createObjectStore("sealed");
      base.createObjectStore("papers");
      base.createObjectStore("queue", { keyPath: "item_id" });
    },
  });
  return opened;
}

export async function meta(key) {
  return (await db()).get("meta", key);
}

export async function setMeta(key, value) {
  return (await db()).put("meta", value, key);
}

/* Everything that is somebody's: what is left is the device, its keys and its counters. */
export async function emptyData() {
  const base = await db();
  const work = base.transaction(["meta", "sealed", "papers", "queue"], "readwrite");
  await Promise.all([work.objectStore("sealed").clear(), work.objectStore("papers").clear(),
    work.objectStore("queue").clear(), work.objectStore("meta").delete("vault"), work.done]);
}

/* All of it, the device's key too: it must be registered anew. */
export async function emptyDevice() {
  const base = await db();
  const work = base.transaction(["meta", "sealed", "papers", "queue"], "readwrite");
  await Promise.all([...["meta", "sealed", "papers", "queue"].map((store) => work.objectStore(store).clear()), work.done]);
}
