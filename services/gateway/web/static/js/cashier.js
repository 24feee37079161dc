// The cashier's pages: what is to be given back is said while the amount is typed, and what a drawer comes to while it is
// counted. The node counts both again; without this the receipt and the closed shift say it.

const form = document.querySelector("form[data-total]");
const field = form?.querySelector("[name=tendered]");
const line = form?.querySelector("[data-change]");

function western(text) {
  return text.replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660)).replace("٫", ".").trim();
}

function piastres(text) {
  const plain = western(text);
  return /^\d{1,9}(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : null;
}

field?.addEventListener("input", () => {
  const given = piastres(field.value);
  const back = given === null ? -1 : given - Number(form.dataset.total);
  line.hidden = back < 0;
  if (back >= 0) line.querySelector("strong").textContent = (back / 100).toFixed(2);
});

const drawer = document.querySelector("form[data-expected]");
drawer?.addEventListener("input", () => {
  const pieces = [...drawer.querySelectorAll("[name^='count/']")];
  const sum = pieces.reduce((so_far, one) => so_far + Number(one.name.slice(6)) * (Number(western(one.value)) || 0), 0);
  const told = drawer.querySelector("[data-counted]");
  told.hidden = pieces.every((one) => !one.value);
  told.querySelector("[data-sum]").textContent = (sum / 100).toFixed(2);
  told.querySelector("[data-difference]").textContent = ((sum - Number(drawer.dataset.expected)) / 100).toFixed(2);
});
