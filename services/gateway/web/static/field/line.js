/* The line to the node: its API, in the name of the clerk who is logged in. */
import { device, sha256 } from "./device.js";
import { uuid7 } from "./release.js";
import { keep, kept } from "./vault.js";

const API = "/api/v1", SECONDS = 30;
const PATIENCE = 10, LONGEST_WAIT = 60; // tries, and seconds between them, where the node says "not so fast"

export class LineDown extends Error {}

/* The session ended, or there is none: log in again. What is kept stays. */
export class LoggedOut extends Error {}

/* The node answered no: its problem document. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.code);
    this.status = status;
    this.code = problem.code;
    this.problem = problem;
  }

  /* What is wrong, in the page's language. */
  texts(language) {
    const errors = this.problem.errors?.length ? this.problem.errors : [{ [language]: this.problem.detail || this.problem.title || this.code }];
    return errors.map((one) => one[language] || one.ar || this.code);
  }
}

async function reach(method, path, { body = null, raw = null, key = null, token = null, headers = {} } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (key) sent["Idempotency-Key"] = key;
  if (token) sent.Authorization = `Bearer ${token}`;
  if (body) sent["Content-Type"] = "application/json";
  if (raw) sent["Content-Type"] = "application/octet-stream";
  let answer;
  try {
    answer = await fetch(API + path, { method, headers: sent, body: raw ?? (body ? JSON.stringify(body) : undefined),
      credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(SECONDS * 1000) });
  } catch (error) {
    throw new LineDown(String(error));
  }
  if (answer.status >= 500) throw new LineDown(`answered ${answer.status}`);
  let found = null;
  try {
    found = answer.status === 204 ? null : await answer.json();
  } catch (error) {
    throw new LineDown(String(error)); // the answer broke off, or a captive portal gave its own page
  }
  if (!answer.ok) {
    if (answer.status === 401 && token) throw new LoggedOut();
    const refused = new Refused(answer.status, found ?? {});
    refused.after = Number(answer.headers.get("Retry-After")) || 5;
    throw refused;
  }
  return found;
}

/* Without anybody logged in. */
export const ask = (method, path, more) => reach(method, path, more);

/* In the clerk's name. */
export async function call(method, path, more = {}) {
  const session = await kept("session");
  if (!session || Date.parse(session.expires_at) <= Date.now()) throw new LoggedOut();
  for (let tries = 1; ; tries += 1) {
    try {
      return await reach(method, path, { ...more, token: session.token });
    } catch (error) {
      // A day's uploads are more at once than one may ask: what is bounded is asked again when it may be.
      if (!(error instanceof Refused) || error.status !== 429) throw error;
      if (tries === PATIENCE || error.after > LONGEST_WAIT) throw new LineDown(error.code);
      await new Promise((resolve) => { setTimeout(resolve, error.after * 1000); });
    }
  }
}

/* Log in: {token, expires_at, account}. The password is kept nowhere. */
export const logIn = (username, password, code) => reach("POST", "/sessions",
  { body: { username, password, ...(code ? { code } : {}) } });

export async function rememberSession(session) {
  await keep("session", { token: session.token, expires_at: session.expires_at, account: session.account });
}

/* End the session at the node; one that ended is ended. */
export async function logOut() {
  try {
    await call("DELETE", "/sessions");
  } catch (error) {
    if (!(error instanceof LineDown || error instanceof LoggedOut || error instanceof Refused)) throw error;
  }
}

/* What opens this clerk's own data on this device (PIN forgotten, or made for the first time), the newest first. */
export async function unlocking(token) {
  const { device_id } = await device();
  const { secret, former } = await reach("GET", `/devices/${device_id}/unlocking`, { token });
  return [secret, ...former];
}

/* Upload a document piece by piece: its id. */
export async function upload(name, content) {
  const begun = await call("POST", "/uploads", { body: { file_name: name, size: content.byteLength }, key: uuid7() });
  const size = begun.piece_bytes;
  for (let number = 0; number < begun.pieces; number += 1) {
    await call("PUT", `/uploads/${begun.upload_id}/pieces/${number}`, { raw: content.slice(number * size, (number + 1) * size) });
  }
  const kept = await call("POST", `/uploads/${begun.upload_id}/document`, { body: { sha256: await sha256(content) }, key: uuid7() });
  return kept.document_id;
}
