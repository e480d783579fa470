// Measured beside planned, as lines over time.

import { MINUTE, HOUR, DAY_H, GAP_MS, seen, chart, $, put, make, number, power, span, local, utc } from "./words.js";

const CHARTS = [
  { name: "Grid", unit: "kW", hint: "+ import, − export", measured: "grid_kw", ahead: (plan) => plan.grid_kw },
  { name: "Battery", unit: "kW", hint: "+ charging, − discharging", measured: "battery_kw", ahead: batteryAhead },
  { name: "State of charge", unit: "%", hint: "of capacity", measured: "soc_percent", ahead: socAhead, range: [0, 100], atEnd: true },
];

function batteryAhead(plan) {
  return plan.batteries.length ? plan.grid.step_s.map((_, i) => plan.batteries.reduce((sum, part) => sum + part.power_kw[i], 0)) : [];
}

// The plan stores kWh: its percent follows from the step in force, which the gateway gives in both.
function socAhead(plan) {
  const percent = seen.status.flow?.planned_soc_percent;
  const here = stepAt(plan, new Date(seen.status.flow?.at));
  if (plan.batteries.length !== 1 || !percent || here === null) return [];
  const kwh = plan.batteries[0].soc_kwh;
  return kwh.map((value) => (value * percent) / kwh[here]);
}

function starts(plan) {
  let at = Date.parse(plan.grid.start);
  return plan.grid.step_s.map((step) => (at += step * 1000) - step * 1000);
}

function stepAt(plan, moment) {
  const from = starts(plan), i = from.findLastIndex((start) => start <= moment);
  return i >= 0 && moment < from[i] + plan.grid.step_s[i] * 1000 ? i : null;
}

// Points [ms, value] of the plan from now on: steps for power, ends of steps for a state.
function future(spec) {
  const plan = seen.plan, points = [];
  if (!plan) return points;
  const values = spec.ahead(plan);
  starts(plan).forEach((start, i) => {
    const end = start + plan.grid.step_s[i] * 1000;
    if (end <= chart.now || values[i] === undefined) return;
    if (!spec.atEnd) points.push([Math.max(start, chart.now), values[i]]);
    points.push([end, values[i]]);
  });
  return points;
}

const past = (field) => seen.flows.map((flow) => [flow.t, flow[field]]);
export const known = (points) => points.map(([, value]) => value).filter((value) => value !== null);
const inside = (points) => points.filter(([t]) => t >= chart.from && t <= chart.to);

function path(points, x, y, gap) {
  let text = "", before = null;
  for (const [t, value] of points) {
    if (value === null) { before = null; continue; }
    const joined = before !== null && t - before <= gap;
    text += `${joined ? "L" : "M"}${x(t).toFixed(1)} ${y(value).toFixed(1)}${joined ? "" : "h0"}`;
    before = t;
  }
  return text;
}

export function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const first = Math.floor(low / step), last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

export function hours(room) {
  const step = [1, 2, 3, 6, 12].find((size) => ((chart.to - chart.from) / HOUR / size) * 56 <= room) ?? DAY_H;
  const at = new Date(chart.from), found = [];
  at.setHours(Math.floor(at.getHours() / step) * step, 0, 0, 0);
  for (; at <= chart.to; at.setHours(at.getHours() + step)) if (at >= chart.from) found.push(new Date(at));
  return found;
}

function svg(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function draw(plot) {
  const { spec, picture } = plot;
  const width = picture.clientWidth, height = picture.clientHeight;
  if (!width) return;
  const left = 56, right = width - 8, top = 20, bottom = height - 22;
  const was = inside(past(spec.measured));
  const meant = inside(past(`planned_${spec.measured}`)), next = inside(future(spec));
  const values = known([...was, ...meant, ...next]);
  const range = spec.range ?? [Math.min(0, ...values), Math.max(0, ...values)];
  const marks = ticks(range[0], range[0] === range[1] ? range[0] + 1 : range[1], 4);
  const x = (t) => left + ((t - chart.from) / (chart.to - chart.from)) * (right - left);
  const y = (value) => bottom - ((value - marks[0]) / (marks.at(-1) - marks[0])) * (bottom - top);
  plot.timeAt = (px) => chart.from + ((px - left) / (right - left)) * (chart.to - chart.from);
  plot.x = x;
  const nowX = x(chart.now);
  plot.cursor = svg("line", { class: "cursor", y1: top, y2: bottom });
  picture.replaceChildren(
    svg("rect", { class: "ahead", x: nowX, y: top, width: Math.max(0, right - nowX), height: bottom - top }),
    ...marks.flatMap((value) => [
      svg("line", { class: value === 0 ? "zero" : "gridline", x1: left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)),
    ]),
    ...hours(right - left).flatMap((at) => [
      svg("line", { class: "gridline", x1: x(at), x2: x(at), y1: top, y2: bottom }),
      svg("text", { x: x(at), y: height - 6, "text-anchor": x(at) > right - 18 ? "end" : "middle" },
        at.getHours() ? local(at, at) : at.toLocaleDateString("en-GB", { weekday: "short", day: "numeric" })),
    ]),
    svg("text", { x: 2, y: 12 }, spec.unit),
    svg("path", { class: "planned", d: path(meant, x, y, GAP_MS) + path(next, x, y, Infinity) }),
    svg("path", { class: "measured", d: path(was, x, y, GAP_MS) }),
    svg("line", { class: "nowline", x1: nowX, x2: nowX, y1: top - 4, y2: bottom }),
    svg("text", { class: "now", x: nowX, y: 12, "text-anchor": nowX > right - 18 ? "end" : "middle" }, "now"),
    plot.cursor,
  );
  const said = (points) => {
    const all = known(points);
    return all.length ? `${number(Math.min(...all))} to ${number(Math.max(...all), spec.unit)}` : "nothing";
  };
  picture.setAttribute("aria-label", `${spec.name}. Measured: ${said(was)}. Planned ahead: ${said(next)}.`);
}

export function drawCharts() {
  if (!seen.status) return;
  const first = seen.flows[0]?.t ?? chart.now;
  chart.from = Math.max(chart.now - $("past").value * HOUR, Math.min(first, chart.now - HOUR));
  chart.to = Math.max(chart.now + HOUR / 2, Math.min(chart.now + $("ahead").value * HOUR, Date.parse(seen.status.plan.ends_at ?? 0)));
  chart.plots.forEach(draw);
  const range = $("cursor");
  Object.assign(range, { min: Math.ceil(chart.from / MINUTE), max: Math.floor(chart.to / MINUTE) });
  put($("history"), `Measured since ${local(new Date(first), new Date(chart.now))}. Minutes are kept for a day, from the start of the gateway.`);
  read();
}

// What the charts say at the cursor.
export function read() {
  const at = chart.cursor === null ? chart.now : Math.min(Math.max(chart.cursor, chart.from), chart.to);
  const now = new Date(chart.now), when = local(new Date(at), now);
  $("cursor").value = Math.round(at / MINUTE);
  $("cursor").setAttribute("aria-valuetext", when);
  put($("cursor-time"), chart.cursor === null ? `${when} (now)` : when);
  $("cursor-time").title = utc(new Date(at));
  const flow = seen.flows.findLast((one) => one.t <= at && at - one.t < 2 * MINUTE);
  const step = seen.plan && at >= chart.now ? stepAt(seen.plan, at) : null;
  for (const plot of chart.plots) {
    const { spec, said, cursor } = plot;
    const value = flow?.[spec.measured] ?? null;
    const planned = (step !== null ? spec.ahead(seen.plan)[step] : flow?.[`planned_${spec.measured}`]) ?? null;
    const measured = at > chart.now ? "" : `measured ${power(value, spec.unit, "unknown")}, `;
    put(said, `${measured}planned ${power(planned, spec.unit, "nothing")}`);
    if (cursor) for (const end of ["x1", "x2"]) cursor.setAttribute(end, plot.x(at));
  }
}

function moveCursor(at) {
  chart.cursor = at;
  read();
}

export function buildCharts() {
  const sized = new ResizeObserver(() => drawCharts());
  chart.plots = CHARTS.map((spec) => {
    const picture = svg("svg", { role: "img" }), said = make("p");
    const box = make("div", "plot", picture);
    $("charts").append(make("figure", "", make("figcaption", "", make("h3", "", spec.name), make("span", "hint", spec.hint), said), box));
    const plot = { spec, picture, said };
    const follow = (event) => plot.timeAt && moveCursor(plot.timeAt(event.clientX - picture.getBoundingClientRect().left));
    picture.addEventListener("pointerdown", follow);
    picture.addEventListener("pointermove", follow);
    picture.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && moveCursor(null));
    sized.observe(box);
    return plot;
  });
  $("cursor").addEventListener("input", () => moveCursor($("cursor").value * MINUTE));
  $("cursor-now").addEventListener("click", () => moveCursor(null));
  for (const id of ["past", "ahead"]) $(id).addEventListener("change", drawCharts);
}

