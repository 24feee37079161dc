// Enhances the workspace's home and the page of a file: each photo is made smaller and sent as it is taken, with its
// progress, and what was typed is kept on this device until the action was accepted. Without it the form's own button
// sends the photos, and nothing is kept.
const DRAFT = "shubbak.draft.";
const LONGEST = 2000; // pixels of a photo's longer side: enough to read a sign, and a tenth of the bytes

function store() {
  try { return window.localStorage; } catch { return null; }
}

function forgetDraftsBut(held) {
  const kept = store();
  if (!kept) return;
  for (const key of Object.keys(kept)) {
    if (key.startsWith(DRAFT) && !held.has(key.slice(DRAFT.length))) kept.removeItem(key);
  }
}

// The list of tasks says what is still in hand: drafts of all else are done with.
const lists = document.querySelectorAll("[data-tasks]");
if (lists.length || document.querySelector(".take")) {
  forgetDraftsBut(new Set([...lists].flatMap((list) => list.dataset.tasks.split(" ")).filter(Boolean)));
}
for (const form of document.querySelectorAll("form[action$='/staff/logout']")) {
  form.addEventListener("submit", () => forgetDraftsBut(new Set()));
}

const form = document.querySelector("form[data-draft]");
if (form) {
  keepDraft(form);
  if (form.querySelector("#photos")) takePhotos(form);
}

function keepDraft(form) {
  const kept = store();
  if (!kept) return;
  const key = DRAFT + form.dataset.draft;
  const fields = () => [...form.querySelectorAll("textarea, select, input:not([type=hidden]):not([type=file])")]
    .filter((field) => field.name && !field.name.startsWith("caption/"));
  const read = () => {
    const values = {};
    for (const field of fields()) {
      if (field.type === "radio" || field.type === "checkbox") {
        if (field.checked) values[field.name] = field.value;
      } else if (field.value) values[field.name] = field.value;
    }
    return values;
  };
  if (!Object.keys(read()).length) {
    try {
      const before = JSON.parse(kept.getItem(key) || "{}");
      for (const field of fields()) {
        const value = before[field.name];
        if (value === undefined) continue;
        if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === value;
        else field.value = value;
      }
      if (Object.keys(before).length) tell(form, form.dataset.kept);
    } catch { kept.removeItem(key); }
  }
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      try { kept.setItem(key, JSON.stringify(read())); } catch { /* the device is full: the page still works */ }
    }, 300);
  });
}

function tell(form, text) {
  let line = form.querySelector(".draft-note");
  if (!line) {
    line = document.createElement("p");
    line.className = "help draft-note";
    line.setAttribute("role", "status");
    form.querySelector("h2").after(line);
  }
  line.textContent = text;
}

async function smaller(file) {
  if (!file.type.startsWith("image/")) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    if (scale === 1 && file.size < 1024 * 1024) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return made ? new File([made], file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file; // the server says what is wrong with it
  }
}

function takePhotos(form) {
  const input = form.querySelector("#photos");
  const list = form.querySelector(".taken");
  for (const button of form.querySelectorAll("[data-without-scripts]")) button.hidden = true;
  input.addEventListener("change", async () => {
    const chosen = [...input.files];
    input.value = "";
    for (const file of chosen) send(await smaller(file));
  });

  function send(file, item) {
    const texts = form.dataset;
    const place = item || list.appendChild(document.createElement("li"));
    place.replaceChildren();
    const picture = document.createElement("img");
    picture.src = URL.createObjectURL(file);
    picture.alt = file.name;
    const bar = document.createElement("progress");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", texts.sending);
    place.append(picture, bar);
    const body = new FormData();
    body.append("csrf", form.querySelector("[name=csrf]").value);
    body.append("once", [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join(""));
    body.append("photos", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", texts.photos);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (event.loaded / event.total) * 100;
    });
    request.addEventListener("load", () => (request.status === 201 ? taken(request.response) : failed(request.response)));
    request.addEventListener("error", () => failed());
    request.send(body);

    function taken(answer) {
      bar.remove();
      const kept = document.createElement("input");
      kept.type = "hidden";
      kept.name = "photo";
      kept.value = `${answer.document_id} ${answer.name}`.slice(0, 240);
      const label = document.createElement("label");
      label.htmlFor = `caption-${answer.document_id}`;
      label.textContent = texts.caption;
      const caption = document.createElement("input");
      caption.id = label.htmlFor;
      caption.name = `caption/${answer.document_id}`;
      caption.maxLength = 500;
      caption.dir = "auto";
      place.append(kept, label, caption, button(texts.drop, () => place.remove()));
    }

    function failed(answer) {
      bar.remove();
      const wrong = document.createElement("p");
      wrong.className = "wrong";
      wrong.setAttribute("role", "alert");
      wrong.textContent = (answer && answer.wrong) || texts.failed;
      place.append(wrong, button(texts.again, () => send(file, place)), button(texts.drop, () => place.remove()));
    }
  }

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "quiet";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }
}
