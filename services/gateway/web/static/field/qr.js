/* A QR code drawn as SVG elements. */
import { encode } from "../vendor/uqr.js";

const SVG = "http://www.w3.org/2000/svg", MARGIN = 3;

export function qr(text, label) {
  const { data, size } = encode(text, { ecc: "M", border: 0 });
  const made = document.createElementNS(SVG, "svg"), whole = size + 2 * MARGIN;
  made.setAttribute("viewBox", `0 0 ${whole} ${whole}`);
  made.setAttribute("class", "qr");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", label);
  made.dataset.text = text;
  const ground = document.createElementNS(SVG, "path");
  ground.setAttribute("class", "qr-ground");
  ground.setAttribute("d", `M0 0h${whole}v${whole}H0z`);
  const dark = document.createElementNS(SVG, "path");
  dark.setAttribute("class", "qr-dark");
  dark.setAttribute("d", data.flatMap((row, y) => row.map((on, x) => (on ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : ""))).join(""));
  made.append(ground, dark);
  return made;
}
