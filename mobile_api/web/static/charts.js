// Draws what the device reported over the last two days, and looks for more every few seconds. The answer
// carries an ETag, so the browser asks "is there anything new?" and mostly hears 304.
"use strict";

const REFRESH_MS = 8000;
const GAP_STEPS = 3.5; // of the device's usual time between two reports
const HEIGHT_PX = { temperature: 260, power: 180 };

const panel = document.getElementById("charts");
const note = document.getElementById("charts-note");
const url = `/v1/devices/${encodeURIComponent(panel.dataset.device)}/telemetry?resolution=5min`;
const zone = panel.dataset.timezone;
const plots = {};
let shown = null;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const text = (unit, digits) => (_plot, value) => (value == null ? "–" : `${value.toFixed(digits)} ${unit}`);

function moment(_plot, seconds) {
  if (seconds == null) return "–";
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short", hour: "2-digit", minute: "2-digit", timeZone: zone,
  }).format(new Date(seconds * 1000));
}

function axes() {
  const ink = colour("--pico-muted-color");
  const grid = { stroke: colour("--pico-muted-border-color"), width: 1 };
  const values = (_plot, splits) => splits.map((seconds) => {
    const [hour, minute] = new Intl.DateTimeFormat("en-GB", {
      hour: "2-digit", minute: "2-digit", timeZone: zone,
    }).format(new Date(seconds * 1000)).split(":");
    if (hour !== "00") return `${hour}:${minute}`;
    return new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: zone }).format(new Date(seconds * 1000));
  });
  return [{ stroke: ink, grid, values, space: 60 }, { stroke: ink, grid, size: 52 }];
}

// Without a pointer the legend says the newest values (uPlot settles in a microtask, so after that).
function showNewest(plot) {
  queueMicrotask(() => queueMicrotask(() => plot.setLegend({ idx: plot.data[0].length - 1 }, false)));
}

function draw(id, series, data, unit, digits) {
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
    scales: { y: unit === "W" ? { range: (_plot, _low, high) => [0, Math.max(100, high * 1.1)] } : {} },
    axes: axes(),
    series: [
      { value: moment },
      ...series.map((one) => ({ width: 2, spanGaps: false, ...one, value: text(unit, digits) })),
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
  note.textContent = points.length ? "" : "Nothing reported yet.";
  if (!points.length) return;
  const at = points.map((point) => Date.parse(point.at) / 1000);
  const column = (name) => points.map((point) => point[name] ?? null);
  const stepped = uPlot.paths.stepped({ align: -1 });
  draw("temperature", [
    { label: "Indoor", stroke: colour("--indoor") },
    { label: "Outdoor", stroke: colour("--outdoor"), dash: [6, 4] },
    { label: "Set to", stroke: colour("--setpoint"), paths: stepped },
  ], [at, column("indoor_dry_bulb_c"), column("outdoor_dry_bulb_c"), column("setpoint_c")], "°C", 1);
  draw("power", [
    { label: "Power", stroke: colour("--power"), fill: `${colour("--power")}22` },
  ], [at, column("electric_power_w")], "W", 0);
}

async function refresh() {
  if (document.hidden) return;
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
    note.textContent = "No connection; showing what was known.";
    shown = null;
  }
}

new ResizeObserver(() => {
  for (const [id, plot] of Object.entries(plots)) {
    plot.setSize({ width: document.getElementById(id).clientWidth, height: HEIGHT_PX[id] });
  }
}).observe(panel);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => location.reload());
setInterval(refresh, REFRESH_MS);
refresh();
