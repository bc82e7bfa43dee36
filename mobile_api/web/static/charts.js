// Draws the plan beside the habit from its table, and what the device reported. The answers carry an ETag,
// so the browser asks "is there anything new?" and mostly hears 304.
"use strict";

const REFRESH_MS = 8000;
const GAP_STEPS = 3.5; // of the usual time between two points
const HEIGHT_PX = { temperature: 260, power: 180, "plan-lines": 200 };
const HOUR_S = 3600;

const panel = document.getElementById("charts");
const planPanel = document.getElementById("plan-chart");
const { timezone: zone, unit, locale, texts } = (panel || planPanel).dataset;
const words = JSON.parse(texts);
const note = document.getElementById("charts-note");
const plots = {};
let shown = null;

const degree = unit === "f" ? "°F" : "°C";
const degrees = (celsius) => (celsius == null ? null : unit === "f" ? celsius * 1.8 + 32 : celsius);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const text = (sign, digits) => (_plot, value) => (value == null ? "–" : `${value.toFixed(digits)} ${sign}`);
const written = (options) => new Intl.DateTimeFormat(locale, { hourCycle: "h23", timeZone: zone, ...options });

function moment(_plot, seconds) {
  if (seconds == null) return "–";
  return written({ weekday: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(seconds * 1000));
}

function axes() {
  const ink = colour("--pico-muted-color");
  const grid = { stroke: colour("--pico-muted-border-color"), width: 1 };
  const values = (_plot, splits, _axis, _space, step) => splits.map((seconds) => {
    const at = new Date(seconds * 1000);
    const clock = written({ hour: "2-digit", minute: "2-digit" }).format(at);
    if (step >= 24 * HOUR_S) return written({ day: "numeric", month: "short" }).format(at);
    return clock.startsWith("00:00") ? written({ weekday: "short" }).format(at) : clock;
  });
  return [{ stroke: ink, grid, values, space: 60 }, { stroke: ink, grid, size: 52 }];
}

// Without a pointer the legend says the newest values (uPlot settles in a microtask, so after that).
function showNewest(plot) {
  queueMicrotask(() => queueMicrotask(() => plot.setLegend({ idx: plot.data[0].length - 1 }, false)));
}

function draw(id, series, data, sign, digits) {
  const element = document.getElementById(id);
  if (plots[id]) {
    plots[id].setData(data);
    showNewest(plots[id]);
    return;
  }
  plots[id] = new uPlot({
    width: element.clientWidth,
    height: HEIGHT_PX[id],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    cursor: { y: false, sync: { key: "device" } },
    scales: { y: sign === "W" ? { range: (_plot, _low, high) => [0, Math.max(100, high * 1.1)] } : {} },
    axes: axes(),
    series: [
      { label: words.time, value: moment },
      ...series.map((one) => ({ width: 2, spanGaps: false, ...one, value: text(sign, digits) })),
    ],
  }, data, element);
  showNewest(plots[id]);
  element.addEventListener("mouseleave", () => showNewest(plots[id]));
}

// A pause in reporting is a gap in the line, not a straight line across it.
function withGaps(points) {
  const at = points.map((point) => Date.parse(point.at));
  const steps = at.slice(1).map((time, index) => time - at[index]);
  const usual = [...steps].sort((one, other) => one - other)[Math.floor(steps.length / 2)];
  return points.flatMap((point, index) => (index && steps[index - 1] > GAP_STEPS * usual
    ? [{ at: new Date(at[index - 1] + usual).toISOString() }, point] : [point]));
}

function show(history) {
  const points = withGaps(history.readings);
  note.textContent = points.length ? "" : words.empty;
  if (!points.length) return;
  const at = points.map((point) => Date.parse(point.at) / 1000);
  const column = (name) => points.map((point) => point[name] ?? null);
  const stepped = uPlot.paths.stepped({ align: -1 });
  draw("temperature", [
    { label: words.indoor, stroke: colour("--indoor") },
    { label: words.outdoor, stroke: colour("--outdoor"), dash: [6, 4] },
    { label: words.setpoint, stroke: colour("--setpoint"), paths: stepped },
  ], [at, ...["indoor_dry_bulb_c", "outdoor_dry_bulb_c", "setpoint_c"].map((name) => column(name).map(degrees))],
  degree, 1);
  draw("power", [
    { label: words.power, stroke: colour("--power"), fill: `${colour("--power")}22` },
  ], [at, column("electric_power_w")], "W", 0);
}

async function refresh() {
  if (document.hidden) return;
  const url = `/v1/devices/${encodeURIComponent(panel.dataset.device)}/telemetry?${panel.dataset.query}`;
  try {
    const response = await fetch(url, { cache: "no-cache", headers: { Accept: "application/json" } });
    if (response.status === 401) {
      location.assign("/");
      return;
    }
    if (!response.ok) throw new Error(String(response.status));
    const tag = response.headers.get("ETag");
    if (tag === shown) return;
    show(await response.json());
    shown = tag;
  } catch (error) {
    note.textContent = words.offline;
    shown = null;
  }
}

// The table below is what a screen reader reads, so the lines are drawn from it and cannot say other things.
function drawPlan() {
  const lines = document.getElementById("plan-lines");
  const table = document.querySelector("#plan table");
  lines.hidden = !table;
  if (!table) return;
  const steps = [...table.querySelectorAll("tr[data-at]")];
  const at = steps.map((row) => Date.parse(row.dataset.at) / 1000);
  const habit = table.dataset.habit === "" ? null : degrees(Number(table.dataset.habit));
  const advised = steps.map((row) => (row.dataset.setpoint === "" ? null : degrees(Number(row.dataset.setpoint))));
  const last = at.length - 1; // the last step goes on for as long as the others do
  draw("plan-lines", [
    { label: words.plan, stroke: colour("--setpoint"), width: 3, paths: uPlot.paths.stepped({ align: 1 }) },
    { label: words.habit, stroke: colour("--habit"), dash: [6, 4] },
  ], [[...at, at[last] + HOUR_S], [...advised, advised[last]], [...at, 0].map(() => habit)], degree, 1);
}

new ResizeObserver(() => {
  for (const [id, plot] of Object.entries(plots)) {
    plot.setSize({ width: document.getElementById(id).clientWidth, height: HEIGHT_PX[id] });
  }
}).observe(panel || planPanel);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());
if (planPanel) {
  drawPlan();
  new MutationObserver(drawPlan).observe(document.getElementById("plan"), { childList: true, subtree: true, attributes: true, attributeFilter: ["data-at", "data-setpoint", "data-habit"] });
}
if (panel) {
  note.textContent = words.loading;
  setInterval(refresh, REFRESH_MS);
  refresh();
}
