// Shows how far a large file is while it is sent. A form marked data-upload has a progress bar that is hidden without
// this script; the form then goes as any other.

function enhance(form) {
  const shown = form.querySelector("[data-progress]");
  const bar = shown.querySelector("progress");
  form.addEventListener("submit", (event) => {
    if (!form.querySelector("input[type=file]").files.length) return; // what is missing is told by the page
    event.preventDefault();
    const sending = new XMLHttpRequest();
    form.querySelector("button").disabled = true;
    shown.hidden = false;
    sending.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = (100 * loaded) / total;
    });
    sending.addEventListener("load", () => {
      if (sending.status < 400) location.assign(sending.responseURL); // where the answer led
      else tellAgain(sending.responseText);
    });
    sending.addEventListener("error", () => form.submit());
    sending.open("POST", form.action);
    sending.send(new FormData(form));
  });
}

/** The page that came back, with what is wrong, in place of this one. */
function tellAgain(text) {
  const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  document.querySelector("main").replaceWith(main);
  main.querySelectorAll("form[data-upload]").forEach(enhance);
  (main.querySelector("#faults") ?? main).focus();
}

document.querySelectorAll("form[data-upload]").forEach(enhance);
