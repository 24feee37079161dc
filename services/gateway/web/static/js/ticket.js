// The ticket of a kiosk: prints by itself where the browser may (kiosk printing), and gives the screen back to the next
// person after a quarter of a minute. Without it there is a link back.

const button = document.querySelector("[data-print]");
button.hidden = false;
button.addEventListener("click", () => window.print());
setTimeout(() => window.location.assign(document.querySelector("[data-home]").href), 15_000);
