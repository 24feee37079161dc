// One document of an application, or of what completes it: shows what was chosen, makes a photo of the phone smaller so
// that it fits and arrives over a slow line, says before sending what would be refused, and tells how far the upload is.
// Without it the form's own upload does the same work, unseen. Drawn by templates/_upload.html.

const KILOBYTE = 1024;
const LONGEST_SIDE = 2400; // pixels: an A4 page at about 200 dots an inch, which stays readable
const COMFORTABLE = 1.5 * KILOBYTE * KILOBYTE; // bytes above which a photo is made smaller though it would be taken
const QUALITIES = [0.85, 0.7, 0.55, 0.4];

const field = document.querySelector("[data-upload]");
if (field) enhance(field.closest("form"), field);

function enhance(form, field) {
  const texts = field.dataset;
  const limit = Number(texts.limit);
  const said = field.querySelector(".said");
  const inputs = [...field.querySelectorAll("input[type=file]")];
  const accepted = inputs.at(-1).accept.split(",");
  let chosen = null; // {name, file}: what will be sent, made smaller where that was possible
  let drawn = "";

  for (const input of inputs) {
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file) return;
      for (const other of inputs) if (other !== input) other.value = "";
      await choose(input.name, file);
    });
  }
  form.addEventListener("submit", (event) => {
    const leaving = event.submitter?.name; // "save" and "remove" need no file
    if (!chosen || leaving === "remove") return;
    event.preventDefault();
    send(event.submitter);
  });

  async function choose(name, file) {
    chosen = null;
    say("");
    show(null);
    let smaller = file;
    try {
      smaller = await shrink(file, limit, "shrink" in texts);
    } catch {
      smaller = file; // a picture that this browser cannot read: it goes as it is, and is judged by the server
    }
    if (!accepted.includes(smaller.type)) return refuse(texts.textType);
    if (smaller.size > limit) return refuse(texts.textLarge.replace("{limit}", Math.floor(limit / KILOBYTE / KILOBYTE)));
    chosen = { name, file: smaller };
    show(smaller);
    const size = Math.ceil(smaller.size / KILOBYTE);
    say(smaller === file ? texts.textChosen : `${texts.textShrunk.replace("{size}", size)} ${texts.textChosen}`);
  }

  function refuse(text) {
    for (const input of inputs) input.value = "";
    say(text, true);
  }

  function say(text, wrong = false) {
    said.textContent = text;
    said.classList.toggle("wrong", wrong);
  }

  function show(file) {
    const preview = field.querySelector(".preview");
    const image = preview.querySelector("img");
    if (drawn) URL.revokeObjectURL(drawn);
    drawn = file && file.type.startsWith("image/") ? URL.createObjectURL(file) : "";
    image.hidden = !drawn;
    if (drawn) image.src = drawn;
    preview.querySelector("p").textContent = file ? file.name : "";
    preview.hidden = !file;
  }

  function send(submitter) {
    const body = new FormData(form, submitter);
    for (const input of inputs) body.delete(input.name);
    body.set(chosen.name, chosen.file, chosen.file.name);
    const progress = field.querySelector(".progress");
    const bar = progress.querySelector("progress");
    const buttons = [...form.querySelectorAll("button")];
    progress.querySelector("label").textContent = texts.textProgress;
    progress.hidden = false;
    say("");
    for (const button of buttons) button.disabled = true;
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) return location.assign(request.responseURL);
      // Refused: what the server says of it is a page of its own.
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      document.title = answer.title;
      document.querySelector("main").replaceWith(answer.querySelector("main"));
      const again = document.querySelector("[data-upload]");
      if (again) enhance(again.closest("form"), again);
      document.getElementById("faults")?.focus();
    });
    request.addEventListener("error", () => {
      progress.hidden = true;
      bar.value = 0;
      for (const button of buttons) button.disabled = false;
      say(texts.textFailed, true);
    });
    request.open("POST", form.action);
    request.send(body);
  }
}

// A photo as JPEG, turned upright and no longer than it needs to be; any other file, or a small photo, as it is.
async function shrink(file, limit, allowed) {
  const fits = file.size <= Math.min(limit, COMFORTABLE);
  const taken = ["image/jpeg", "image/png"].includes(file.type);
  if (!allowed || !file.type.startsWith("image/") || (fits && taken)) return file;
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // what was transparent is paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  for (const quality of QUALITIES) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob && (blob.size <= Math.min(limit, COMFORTABLE) || quality === QUALITIES.at(-1))) {
      const smaller = new File([blob], file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg" });
      return smaller.size < file.size || !taken ? smaller : file;
    }
  }
  return file;
}
