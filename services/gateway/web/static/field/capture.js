/* What a clerk gathers on the spot: pictures by the camera, a signature on the glass, the place. */
import { h, button, field } from "./dom.js";
import { paper as paperOf, putAside, throwAway } from "./queue.js";
import { t } from "./words.js";

const LONGEST_SIDE = 1600, QUALITY = 0.8; // pixels, JPEG: a page of print stays readable in about 300 KB
const MOST_BYTES = 5 * 1024 * 1024;

/* A picture as it is kept: small enough to send over a weak line. Other files stay as they are. */
async function reduced(file) {
  if (!["image/jpeg", "image/png", "image/webp"].includes(file.type)) return { content: await file.arrayBuffer(), name: file.name, type: file.type };
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const drawing = canvas.getContext("2d");
  drawing.fillStyle = "#fff";
  drawing.fillRect(0, 0, canvas.width, canvas.height);
  drawing.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const made = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  // Drawn anew it carries no place, time or camera of its own.
  return { content: await made.arrayBuffer(), name: `${file.name.replace(/\.\w+$/, "")}.jpg`, type: "image/jpeg" };
}

/* Files put aside, each as soon as it is there. `kept` are those of before; `changed(kept)` is told after each. */
export function pictures(name, label, { kept = [], most = 1, accept = "image/jpeg,image/png", help = null, changed, optional = null }) {
  const list = h("ul", { class: "taken" }), problem = h("p", { class: "wrong", role: "alert", hidden: true });
  let held = [...kept];
  const control = h("input", { type: "file", class: "behind", accept, capture: accept.includes("pdf") ? null : "environment", onchange: async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    problem.hidden = true;
    try {
      const { content, name: file_name, type } = await reduced(file);
      if (!accept.split(",").includes(type)) return say(t("field.file.type"));
      if (content.byteLength > MOST_BYTES) return say(t("field.file.large"));
      held = [...held.slice(0, most - 1), await putAside(content, file_name, type)];
    } catch (error) {
      console.warn("a picture could not be read", error);
      return say(t("field.file.broken"));
    }
    await drawn();
    await changed(held);
  } });
  function say(text) {
    problem.textContent = text;
    problem.hidden = false;
  }
  async function drawn() {
    list.replaceChildren(...await Promise.all(held.map(async (one) => h("li", { "data-paper": one.paper },
      one.media_type.startsWith("image/") ? await thumbnail(one) : null,
      h("span", {}, h("bdi", {}, one.file_name), " ", h("small", {}, `${Math.ceil(one.size / 1024)} KB`)),
      button(t("field.remove"), async () => {
        held = held.filter((other) => other !== one);
        await changed(held);
        await throwAway([one.paper]);
        await drawn();
      }, "quiet")))));
  }
  drawn();
  const made = field(name, label, (id, described) => {
    control.id = id;
    if (described) control.setAttribute("aria-describedby", described);
    return [control, h("label", { for: id, class: "button second", "aria-hidden": "true" }, t(accept.includes("pdf") ? "field.file.choose" : "field.file.photo"))];
  }, { help, optional });
  made.append(problem, list);
  return made;
}

async function thumbnail(one) {
  const content = await paperOf(one.paper);
  if (content === null) return null;
  const source = URL.createObjectURL(new Blob([content], { type: one.media_type }));
  return h("img", { src: source, alt: "", width: "64", height: "64", onload: () => URL.revokeObjectURL(source) });
}

/* A signature drawn with a finger. `kept` {paper, …} of before. */
export function signature(name, label, { kept = null, changed, help }) {
  const canvas = h("canvas", { width: "640", height: "240", class: "pad", role: "img", "aria-label": label });
  const drawing = canvas.getContext("2d");
  const state = h("p", { class: "kept", role: "status", hidden: !kept }, t("field.signed"));
  let down = false, drawn = false;
  const clean = () => {
    drawing.fillStyle = "#fff";
    drawing.fillRect(0, 0, canvas.width, canvas.height);
    drawing.strokeStyle = "#14242b";
    drawing.lineWidth = 4;
    drawing.lineCap = "round";
    drawn = false;
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down = true;
    drawing.beginPath();
    drawing.moveTo(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!down) return;
    drawing.lineTo(...at(event));
    drawing.stroke();
    drawn = true;
  });
  canvas.addEventListener("pointerup", async () => {
    down = false;
    if (!drawn) return;
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    await changed(await putAside(await made.arrayBuffer(), "signature.png", "image/png"));
    state.hidden = false;
  });
  clean();
  return h("div", { class: "field", "data-field": name }, h("p", { class: "label" }, label), h("p", { class: "help" }, help), canvas, state,
    button(t("field.sign.again"), async () => {
      clean();
      state.hidden = true;
      await changed(null);
    }, "quiet"));
}

/* Where the device is, asked once on a press; it may be denied, and the work goes on. */
export function place(name, label, { kept = null, changed }) {
  const said = h("p", { role: "status", class: kept ? "kept" : "help" }, kept ? t("field.place.kept", { accuracy: Math.round(kept.accuracy) }) : t("field.place.help"));
  const ask = button(t("field.place.ask"), () => {
    said.className = "help";
    said.textContent = t("field.place.asking");
    navigator.geolocation.getCurrentPosition(async ({ coords, timestamp }) => {
      const found = { latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy, at: new Date(timestamp).toISOString() };
      await changed(found);
      said.className = "kept";
      said.textContent = t("field.place.kept", { accuracy: Math.round(found.accuracy) });
    }, (error) => {
      said.className = "help";
      said.textContent = error.code === error.PERMISSION_DENIED ? t("field.place.denied") : t("field.place.none");
    }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 });
  }, "second");
  return h("div", { class: "field", "data-field": name }, h("p", { class: "label" }, label), said, ask);
}
