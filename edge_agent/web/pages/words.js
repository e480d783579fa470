// What every part of the page shares: state, text in place, numbers in words.
// What the gateway sends is shown with textContent: a name cannot become markup.

export const REFRESH_MS = 2000, SLOWEST_MS = 30000, TIMEOUT_MS = 5000, STILL_MS = 30000;
export const MINUTE = 60000, HOUR = 3600000, DAY_H = 24;
export const GAP_MS = 5 * MINUTE; // minutes further apart than this are no line
export const USABLE = ["good", "uncertain"];
export const QUIET = [...USABLE, "asleep", "not_implemented"];
export const MODES = {
  off: "Control is off: it reads and plans, it writes nothing.",
  shadow: "Control is in shadow: it decides and records, it writes nothing.",
  enabled: "Control is enabled: it commands its points.",
};
export const SOURCES = {
  solver: "Made by the solver.",
  rounded: "Made by the solver, whole numbers rounded.",
  last: "The last plan, carried on.",
  rules: "Made by fixed rules, without the solver.",
  safe: "Safe values only.",
};
export const seen = { status: null, plan: null, flows: [], ticks: -1, tickedAt: 0 };
export const chart = { cursor: null, from: 0, to: 1, now: 0, plots: [] };

// --- text in place

export const $ = (id) => document.getElementById(id);

export function put(node, text, mark) {
  if (node.textContent !== text) node.textContent = text;
  if (mark !== undefined && node.className !== mark) node.className = mark;
}

export function show(node, on) {
  if (node.hidden === on) node.hidden = !on;
}

export function make(tag, mark, ...children) {
  const node = document.createElement(tag);
  if (mark) node.className = mark;
  node.append(...children);
  return node;
}

export const kept = new WeakMap();

// One child per item, kept by key and only filled anew.
export function sync(parent, items, keyOf, build, fill) {
  const before = kept.get(parent) ?? { fixed: parent.lastElementChild, nodes: new Map() };
  const nodes = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const node = before.nodes.get(key) ?? build(item);
    fill(node, item);
    nodes.set(key, node);
  }
  for (const [key, node] of before.nodes) if (nodes.get(key) !== node) node.remove();
  let last = before.fixed;
  for (const node of nodes.values()) {
    const next = last ? last.nextElementSibling : parent.firstElementChild;
    if (next !== node) parent.insertBefore(node, next);
    last = node;
  }
  kept.set(parent, { fixed: before.fixed, nodes });
}

// --- words

export function number(value, unit = "", signed = false) {
  const digits = unit === "kW" ? { minimumFractionDigits: 1, maximumFractionDigits: 1 }
    : unit === "%" ? { maximumFractionDigits: 1 } : Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  const text = value.toLocaleString("en", { ...digits, signDisplay: signed ? "exceptZero" : "negative" });
  return `${text.replace("-", "−")}${unit ? `\u00a0${unit}` : ""}`;
}

// A value with its sign where it is a power; `none` where there is no value.
export const power = (value, unit, none) => (value === null ? none : number(value, unit, unit === "kW"));

export function span(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${Math.round(seconds / 60) % 60} min`;
  return `${Math.round(seconds / 86400)} days`;
}

export const ago = (seconds) => (seconds === null ? "never" : `${span(seconds)} ago`);
export const plain = (word) => word.replaceAll("_", " ");

// The browser's local time, with the day where it is not the day of `near`.
export function local(moment, near, seconds = false) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (seconds) options.second = "2-digit";
  if (moment.toDateString() !== near.toDateString()) Object.assign(options, { day: "numeric", month: "short" });
  return moment.toLocaleString("en-GB", options).replace(",", "");
}

// UTC times inside a sentence of the gateway become local ones.
export const localised = (text, near) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)/g, (iso) => local(new Date(iso), near, true));

export const utc = (moment) => `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;

export function clock(node, iso, now, seconds = false) {
  const moment = new Date(iso);
  put(node, local(moment, now, seconds));
  node.dateTime = moment.toISOString();
  node.title = utc(moment);
}

export const mark = (quality) => (quality === "good" ? "good" : QUIET.includes(quality) ? "" : quality === "stale" ? "warn" : "bad");

