// Draws the charts of a board above their tables. A figure names its table, which columns are drawn and how; the numbers
// are read from the table, so that both always say the same. Without this script the tables alone are there.

const PATTERNS = ["solid", "stripes", "dots"];
const drawn = new Map();

/** The value of a design token, such as --brand, as it stands now (light or dark). */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A fill by which a series is known without its colour: solid, striped, dotted. */
function fill(context, colour, pattern) {
  if (pattern === "solid") return colour;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = token("--paper");
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 3;
  if (pattern === "stripes") {
    for (const start of [-8, 0, 8]) {
      pen.beginPath();
      pen.moveTo(start, 8);
      pen.lineTo(start + 8, 0);
      pen.stroke();
    }
  } else {
    for (const [x, y] of [[2, 2], [6, 6]]) {
      pen.beginPath();
      pen.arc(x, y, 1.7, 0, 7);
      pen.fill();
    }
  }
  return context.createPattern(tile, "repeat");
}

/** Names and numbers of a table: {labels, series: [{name, values}]}; a long one in its first rows only. */
function read(table, columns, top) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].slice(0, top);
  return {
    labels: rows.map((row) => row.cells[0].dataset.short ?? row.cells[0].textContent.trim()),
    written: rows.map((row) => columns.map((column) => row.cells[column].textContent.trim())),
    series: columns.map((column) => ({
      name: heads[column],
      values: rows.map((row) => Number(row.cells[column].dataset.value ?? 0)),
    })),
  };
}

/** Long names of services in two lines at most. */
function folded(label) {
  const words = label.split(" ");
  const lines = [""];
  for (const word of words) {
    if ((lines.at(-1) + word).length > 24 && lines.at(-1)) lines.push("");
    lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
  }
  return lines.length > 2 ? [lines[0], `${lines[1]} …`] : lines;
}

function draw(figure) {
  const table = document.getElementById(figure.dataset.table);
  const lying = figure.dataset.chart === "rows";
  const columns = figure.dataset.series.split(",").map(Number);
  const found = read(table, columns, lying ? Number(figure.dataset.top) : Infinity);
  if (!found.series.some((one) => one.values.some((value) => value > 0))) return;
  figure.hidden = false;
  const canvas = figure.querySelector("canvas");
  const context = canvas.getContext("2d");
  const rtl = document.dir === "rtl";
  const stacked = "stacked" in figure.dataset;
  const box = document.createElement("div");
  box.className = lying ? `chart-box rows-${Math.min(found.labels.length, 10)}` : "chart-box";
  canvas.replaceWith(box);
  box.append(canvas);
  const colours = [token("--edge"), token("--warn"), token("--bad")];
  const datasets = found.series.map((one, place) => ({
    label: one.name, data: one.values, backgroundColor: fill(context, colours[place], PATTERNS[place]),
    borderColor: colours[place], borderWidth: 1.5, maxBarThickness: 28, place,
  }));
  const backwards = rtl && !lying && !stacked;  // a reversed axis leaves the order within a day as it was
  if (backwards) datasets.reverse();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches || figure.dataset.again;
  const numbers = { beginAtZero: true, stacked, reverse: lying && rtl, grid: { color: token("--line") },
    position: lying || !rtl ? undefined : "right",
    ticks: { color: token("--ink"), precision: 0, font: { family: "Cairo", size: 13 } } };
  const names = { stacked, reverse: !lying && rtl, grid: { display: false }, position: lying && rtl ? "right" : undefined,
    ticks: { color: token("--ink"), font: { family: "Cairo", size: 13 }, autoSkip: !lying,
      callback(value) { const label = this.getLabelForValue(value); return lying ? folded(label) : label; } } };
  drawn.set(canvas, new Chart(context, {
    type: "bar",
    data: {
      labels: found.labels,
      datasets,
    },
    options: {
      indexAxis: lying ? "y" : "x", responsive: true, maintainAspectRatio: false, locale: document.documentElement.lang,
      animation: still ? false : { duration: 250 },
      scales: lying ? { x: numbers, y: names } : { x: names, y: numbers },
      plugins: {
        legend: { display: found.series.length > 1, rtl, textDirection: document.dir, align: "start", reverse: backwards,
          labels: { color: token("--ink"), font: { family: "Cairo", size: 14 }, boxWidth: 28 } },
        tooltip: { rtl, textDirection: document.dir, bodyFont: { family: "Cairo" }, titleFont: { family: "Cairo" },
          callbacks: { label: (item) => `${item.dataset.label}: ${found.written[item.dataIndex][item.dataset.place]}` } },
      },
    },
  }));
}

function drawAll(again) {
  for (const [canvas, chart] of drawn) {
    if (canvas.isConnected && !again) continue;
    chart.destroy();
    drawn.delete(canvas);
  }
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    if ([...drawn.keys()].some((canvas) => figure.contains(canvas))) continue;
    if (again) figure.dataset.again = "1";
    draw(figure);
  }
}

/** Somebody reads a part of the board or the page is not looked at: it is not exchanged under their hands. */
function isRead(board) {
  return document.hidden || board.contains(document.activeElement) || board.querySelector("details[open]") !== null;
}

document.fonts.ready.then(() => drawAll(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "board" && isRead(event.target)) event.preventDefault();
});
document.addEventListener("htmx:afterSwap", () => drawAll(true));
