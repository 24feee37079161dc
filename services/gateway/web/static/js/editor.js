// Enhances the editor's page of files: shows how far a file was sent, and that it is being read. Without scripts the
// form is sent as any other.

for (const form of document.querySelectorAll("form[data-progress]")) {
  const box = form.querySelector(".progress");
  const bar = box.querySelector("progress");
  const label = box.querySelector("label");
  const button = form.querySelector("button");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    box.hidden = false;
    button.disabled = true;
    request.upload.addEventListener("progress", (sent) => {
      if (sent.lengthComputable) bar.value = (100 * sent.loaded) / sent.total;
    });
    request.upload.addEventListener("load", () => {
      label.textContent = label.dataset.read;
      bar.removeAttribute("value"); // how long reading takes nobody knows
    });
    request.addEventListener("load", () => {
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const main = answer.querySelector("main");
      if (main === null) return form.submit();
      document.querySelector("main").replaceWith(main);
      document.title = answer.title;
      (main.querySelector("#faults, #report") ?? main).scrollIntoView();
      import(`${import.meta.url.split("#")[0]}#${Date.now()}`); // the new form is enhanced as this one was
    });
    request.addEventListener("error", () => {
      button.disabled = false;
      form.submit();
    });
    request.open("POST", form.action || window.location.href);
    request.send(new FormData(form));
  });
}
