// Reads a licence's code by the camera, or from a photo, and hands its text to the form of the page, which sends it as
// if it had been typed: what is genuine is decided by the signature, on the server. Without this script the text is
// pasted and the serial typed. Where the browser knows QR codes itself it reads them, otherwise jsQR does.
const place = document.querySelector("[data-scan]");
const form = place.closest("form") ?? document.querySelector("form.verify");
const video = place.querySelector("video");
const said = place.querySelector("[role=status]");
const start = place.querySelector("[data-start]");
const stop = place.querySelector("[data-stop]");
const photo = place.querySelector("input[type=file]");
const EVERY = 120; // milliseconds between two looks
const WIDEST = 1280; // pixels; a larger picture is looked at smaller
const canvas = document.createElement("canvas");
const brush = canvas.getContext("2d", { willReadFrequently: true });
let stream = null;

const say = (key) => { said.textContent = key ? place.dataset[key] : ""; };

async function own() {
  if (!("BarcodeDetector" in window)) return null;
  const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
  return formats.includes("qr_code") ? new window.BarcodeDetector({ formats: ["qr_code"] }) : null;
}

async function reader() {
  const detector = await own();
  if (detector) return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? "";
  if (!window.jsQR) await import(place.dataset.jsqr);
  return async (picture) => window.jsQR(picture.data, picture.width, picture.height)?.data ?? "";
}

function look(source, width, height) {
  const share = Math.min(1, WIDEST / Math.max(width, height));
  canvas.width = Math.round(width * share);
  canvas.height = Math.round(height * share);
  brush.drawImage(source, 0, 0, canvas.width, canvas.height);
  return brush.getImageData(0, 0, canvas.width, canvas.height);
}

function take(text) {
  end();
  say("read");
  form.elements.given.value = text;
  form.requestSubmit();
}

function end() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  video.srcObject = null;
  video.hidden = stop.hidden = true;
  start.hidden = false;
}

async function begin() {
  start.disabled = true;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch (refused) {
    say(refused.name === "NotAllowedError" ? "refused" : "none");
    return;
  } finally {
    start.disabled = false;
  }
  video.srcObject = stream;
  video.hidden = stop.hidden = false;
  start.hidden = true;
  say("looking");
  await video.play();
  const read = await reader();
  const again = async () => {
    if (!stream) return;
    const text = video.videoWidth ? await read(look(video, video.videoWidth, video.videoHeight)) : "";
    if (text) take(text);
    else setTimeout(again, EVERY);
  };
  await again();
}

async function fromPhoto() {
  const file = photo.files[0];
  if (!file) return;
  say("looking");
  try {
    const picture = await createImageBitmap(file);
    const text = await (await reader())(look(picture, picture.width, picture.height));
    if (text) take(text);
    else say("unread");
  } catch {
    say("unread"); // no picture, or one that this browser cannot open
  }
}

place.hidden = false;
start.hidden = !navigator.mediaDevices?.getUserMedia;
start.addEventListener("click", begin);
stop.addEventListener("click", () => { end(); say(""); });
photo.addEventListener("change", fromPhoto);
window.addEventListener("pagehide", end);
