/* Contact with the node: what it has to say of this device first, then everything that it has not answered yet. */
import { emptyData, emptyDevice, meta, setMeta } from "./db.js";
import { contact as said, device, update } from "./device.js";
import { ask, call, LineDown, LoggedOut, Refused, upload } from "./line.js";
import { ARRIVED, APPLIED, CLOSED, PENDING, QUARANTINED, REFUSED, change, items, paper, throwAway, waiting } from "./queue.js";
import { isOpen, lock } from "./vault.js";

const STALE = 12 * 3600 * 1000; // after so long the node may have let go of a document that no item took
export const AT_ONCE = "at_once", AFTER_UPLOAD = "after_upload";

/* Make the device known. Answers what the node says of it, null where nobody knows it yet; throws LineDown. A device
   that is to be emptied and holds nothing that the node does not have empties itself here: {emptied: true}. */
export async function contact() {
  const known = await device();
  if (!known) return null;
  const emptied = await meta("emptied");
  if (emptied) return tellEmptied(emptied.lost);
  let told;
  try {
    told = await ask("POST", "/devices/contact", { body: await said(null) });
  } catch (error) {
    if (error instanceof Refused && error.code === "device_unknown") return null;
    throw error;
  }
  await update({ device_id: told.device_id, kind: told.kind, unit: told.unit, label: told.label, state: told.state, wipe: told.wipe, ahead: Date.now() - Date.parse(told.server_time) });
  if (told.wipe === AT_ONCE || (told.wipe === AFTER_UPLOAD && !(await waiting()).length)) return wipe();
  return told;
}

/* Empty the device: the data first, then the word to the node, the key last. Cut off between, it goes on at the next
   start. */
async function wipe() {
  const lost = await waiting();
  await setMeta("emptied", { lost });
  await emptyData();
  lock();
  return tellEmptied(lost);
}

async function tellEmptied(lost) {
  await emptyData();
  await ask("POST", "/devices/contact", { body: await said(lost) });
  await emptyDevice();
  return { emptied: true, lost };
}

/* Upload all that waits, the oldest first. Answers {sent, left, why}: `why` null, line, session or forbidden; null where
   another tab or press is at it already. */
export function sync(tell = () => {}) {
  return navigator.locks.request("field-sync", { ifAvailable: true }, async (held) => {
    if (!held || !isOpen()) return null;
    let sent = 0, why = null;
    try {
      const told = await contact();
      if (told?.emptied) return { sent: 0, left: 0, why: null, ...told };
      for (const item of (await items()).filter((one) => !ARRIVED.includes(one.state))) {
        tell(item);
        await send(item);
        sent += 1;
      }
      await refresh();
      const after = await contact();
      if (after?.emptied) return { sent, left: 0, why: null, ...after };
    } catch (error) {
      if (error instanceof LineDown) why = "line";
      else if (error instanceof LoggedOut) why = "session";
      else if (error instanceof Refused) why = "forbidden";
      else throw error;
    }
    await setMeta("synced", { at: new Date().toISOString(), why });
    return { sent, left: (await waiting()).length, why };
  });
}

/* Send one item: its papers, then what was signed. Sent again it is the same: the node answers the same. */
async function send(item) {
  let standing = item;
  try {
    for (const one of item.papers) {
      const there = standing.uploaded[one.sha256];
      if (there && Date.now() - there.at < STALE) continue;
      const content = await paper(one.paper);
      if (content === null) throw new Error("a paper of the queue is gone"); // nothing here ever removes one before
      const document_id = await upload(one.file_name, content);
      standing = await change(standing, { uploaded: { ...standing.uploaded, [one.sha256]: { document_id, at: Date.now() } } });
    }
    const answer = await offer(standing, standing.item_id);
    await change(standing, { state: answer.result === "applied" ? APPLIED : QUARANTINED, answer, refusal: null });
    await throwAway(item.papers.map((one) => one.paper));
  } catch (error) {
    // A clerk who may not, or may no longer, work with this device: the item waits for one who may.
    if (!(error instanceof Refused) || ["forbidden", "unauthenticated"].includes(error.code)) throw error;
    await change(standing, { state: REFUSED, refusal: { code: error.code, problem: error.problem } });
  }
}

async function offer(item, key) {
  const { item_id, number, kind, device_time, body, after, signature } = item;
  const documents = Object.entries(item.uploaded).map(([sha256, one]) => ({ sha256, document_id: one.document_id }));
  const { device_id } = await device();
  try {
    return await call("POST", `/devices/${device_id}/items`, { key, body: { item_id, number, kind, device_time, body, after, signature, documents } });
  } catch (error) {
    // Its papers were uploaded once more since it was first sent: it is the same item all the same.
    if (error instanceof Refused && error.code === "idempotency_key_reused" && key === item_id) return offer(item, crypto.randomUUID());
    throw error;
  }
}

/* What became of items in quarantine since: a person looks at them, at the centre. */
async function refresh() {
  const waitingThere = (await items()).filter((one) => one.state === QUARANTINED);
  if (!waitingThere.length) return;
  const { device_id } = await device();
  const standing = await call("GET", `/devices/${device_id}/items`);
  for (const item of waitingThere) {
    const there = standing.items.find((one) => one.item_id === item.item_id);
    if (there && there.state !== item.state && [APPLIED, CLOSED].includes(there.state)) await change(item, { state: there.state });
  }
}

export { PENDING };
