// The dashboard: asks the gateway every 2 s and updates the page in place. Reads only.

import { REFRESH_MS, SLOWEST_MS, TIMEOUT_MS, STILL_MS, MINUTE, HOUR, DAY_H, USABLE, QUIET, MODES, SOURCES, seen, chart, $, put, show, make, sync, number, power, span, ago, plain, local, localised, utc, clock, mark } from "./words.js";
import { drawCharts, read, buildCharts } from "./charts.js";

// --- the head and the alarms

const standing = (alert) => !alert.cleared;
const down = (task) => task.state !== "running";
const BUFFER = { slow: "the disk is slow", failing: "the disk takes no readings", in_memory: "readings are kept in memory only" };

function troubles(status) {
  const found = [];
  const count = (things, one, rest = "") => things.length && found.push(`${things.length} ${one}${things.length > 1 ? "s" : ""}${rest}`);
  count(status.alerts.filter(standing), "alarm");
  count(status.tasks.filter(down), "task", " not running");
  count(status.devices.filter((device) => !QUIET.includes(device.quality)), "device", " with trouble");
  if (status.buffer.state !== "ok") found.push(BUFFER[status.buffer.state] ?? `the store: ${status.buffer.state}`);
  if (status.plan.made_at === null) found.push("no plan yet");
  else if (status.plan.degraded) found.push("plan degraded");
  if (Date.now() - seen.tickedAt > STILL_MS) found.push("the control loop stands still");
  return found.length || status.healthy ? found : ["the gateway calls itself not healthy"];
}

function showHead(status, now) {
  const found = troubles(status);
  put($("site"), status.site);
  clock($("now"), status.now, now, true);
  put($("zone"), `${Intl.DateTimeFormat().resolvedOptions().timeZone}, version ${status.version}`);
  put($("demo"), `demo, ${number(status.speed)} x`);
  show($("demo"), status.speed > 1);
  const verdict = found.length ? `Needs attention: ${found.join(", ")}.` : "All is well.";
  put($("verdict"), verdict, found.length ? (status.healthy ? "warn" : "bad") : "good");
  put($("mode"), MODES[status.control] ?? status.control);
  document.title = `${found.length ? "(!) " : ""}${status.site} · SEMDR Edge`;
}

function buildAlarm() {
  return make("li", "", make("strong"), make("span"), make("time"), make("span"), make("time"));
}

function fillAlarm(row, alert, now) {
  const [head, text, since, word, cleared] = row.children;
  put(head, `${plain(alert.code)}, ${alert.subject}`);
  put(text, `: ${localised(alert.text, now)}, since `);
  clock(since, alert.since, now);
  const end = alert.cleared ?? now;
  put(word, ` (${span((new Date(end) - new Date(alert.since)) / 1000)})${alert.cleared ? ", cleared " : ""}`);
  if (alert.cleared) clock(cleared, alert.cleared, now);
}

function showAlarms(status, now) {
  const raised = status.alerts.filter(standing), tasks = status.tasks.filter(down);
  const cleared = status.alerts.filter((alert) => alert.cleared);
  const key = (alert) => `${alert.code} ${alert.subject} ${alert.since}`;
  const fill = (row, alert) => fillAlarm(row, alert, now);
  const build = () => Object.assign(buildAlarm(), { className: "standing" });
  sync($("alarms-standing"), raised, key, build, fill);
  sync($("alarms-cleared"), cleared, key, buildAlarm, fill);
  sync($("tasks-down"), tasks, (task) => task.name, () => make("li", "standing"), (row, task) =>
    put(row, `Task ${task.name} is not running: ${plain(task.state)}, failed ${task.failures} times. ${task.last_error}`));
  show($("alarms-none"), !raised.length && !tasks.length);
  show($("alarms-old"), cleared.length > 0);
  put($("alarms-count"), `${cleared.length} cleared`);
}

// --- power now

const CONSUMES = ["consuming", "feeding in", "not consuming"];
const FLOWS = [
  { key: "grid", name: "Grid", words: ["importing", "exporting", "neither importing nor exporting"], type: "smart_meter" },
  { key: "pv", name: "PV", words: ["producing", "consuming", "not producing"], type: "pv_inverter" },
  { key: "battery", name: "Battery", words: ["charging", "discharging", "idle"], type: "battery_bms" },
  { key: "hvac", name: "HVAC", words: CONSUMES },
  { key: "load", name: "Other load", words: CONSUMES },
];

// Which readings of that kind of device cannot be used now, and why.
function whyUnknown(status, type, unit) {
  const devices = status.devices.filter((device) => device.type === type);
  if (!devices.length) return `no ${plain(type)} is set up`;
  const found = devices.flatMap((device) => device.points
    .filter((point) => point.unit === unit && !point.writable && !USABLE.includes(point.quality))
    .map((point) => `${device.device}.${point.point} is ${plain(point.quality)}${point.reason ? `, ${point.reason}` : ""}`));
  return found[0] ?? "no usable reading";
}

function whyNoFlow(status, part) {
  if (!status.flow) return "nothing has been read yet";
  if (part.type) return whyUnknown(status, part.type, "kW");
  if (part.key === "hvac") return "no usable reading, or the site has no meter for it";
  const gone = FLOWS.filter((other) => other.type && status.flow[`${other.key}_kw`] === null);
  return `it is the rest of the balance, and ${gone.map((other) => other.name).join(", ")} is unknown`;
}

function fillTile(tile, part, status) {
  const [name, big, word, planned, charge, meter] = tile.children;
  const value = status.flow ? status.flow[`${part.key}_kw`] : null;
  const level = value === null || Math.abs(value) < 0.05 ? 2 : value > 0 ? 0 : 1;
  put(name, part.key === "load" && status.flow?.hvac_kw === null ? "Load with HVAC" : part.name);
  put(big, value === null ? "unknown" : number(value, "kW", part.key === "grid" || part.key === "battery"));
  put(word, value === null ? whyNoFlow(status, part) : part.words[level], value === null ? "" : "word");
  tile.classList.toggle("unknown", value === null);
  const meant = status.flow?.[`planned_${part.key}_kw`] ?? null;
  put(planned, meant === null ? "" : `planned ${number(meant, "kW", true)}`);
  if (part.key === "battery") put(charge, stored(status, meter));
}

function stored(status, meter) {
  const soc = status.flow?.soc_percent ?? null;
  show(meter, soc !== null);
  if (!status.flow) return "";
  if (soc === null) return `SOC unknown: ${whyUnknown(status, "battery_bms", "%")}`;
  meter.value = soc;
  return `SOC ${number(soc, "%")}`;
}

function buildTile() {
  const meter = Object.assign(make("meter"), { min: 0, max: 100, hidden: true });
  meter.setAttribute("aria-label", "state of charge, percent");
  return make("li", "", make("h3"), make("p", "big"), make("p"), make("p"), make("p"), meter);
}

// --- plan

function showPlan(plan, now) {
  const none = plan.made_at === null;
  const over = !none && new Date(plan.ends_at) < now;
  const text = none ? "none" : over ? "run out" : plan.degraded ? "degraded" : "full";
  put($("plan-mark"), text, `mark ${text === "full" ? "good" : "warn"}`);
  put($("plan-source"), none ? "There is no plan yet." : SOURCES[plan.source] ?? plan.source);
  show($("plan-when"), !none);
  if (!none) {
    clock($("plan-made"), plan.made_at, now);
    clock($("plan-ends"), plan.ends_at, now);
    put($("plan-age"), ago((now - new Date(plan.made_at)) / 1000));
  }
  const failed = plan.failures_in_a_row ? ` ${plan.failures_in_a_row} in a row without the solver.` : "";
  put($("plan-count"), `${plan.plans_solver} of ${plan.plans} plans so far by the solver.${failed}`);
  sync($("plan-reasons"), plan.reasons, (reason) => reason, () => make("li"),
    (row, reason) => put(row, localised(reason, now)));
}

// --- tables that unfold

function row(heads) {
  const line = make("tr");
  line.setAttribute("role", "row");
  for (const head of heads) {
    const cell = make("td", "", make("span"));
    cell.dataset.label = head;
    cell.setAttribute("role", "cell");
    line.append(cell);
  }
  return line;
}

// Fills a row with [text, mark, tooltip] or plain texts.
function fillRow(line, cells) {
  cells.forEach((cell, i) => {
    const [text, look = "", title = ""] = Array.isArray(cell) ? cell : [cell];
    const node = line.cells[i].firstElementChild;
    put(node, text, node.type === "button" ? "fold" : look);
    if (node.title !== title) node.title = title;
  });
}

// A tbody of two rows: the thing with a button, and its inner table.
function buildFold(table, caption, inner) {
  const main = row(Array.from($(table).tHead.rows[0].cells, (cell) => cell.textContent));
  const button = Object.assign(make("button", "fold"), { type: "button" });
  const heads = make("tr", "", ...inner.map((head) => Object.assign(make("th", "", head), { scope: "col" })));
  const cell = Object.assign(make("td", "", make("table", "", make("caption", "", caption), make("thead", "", heads), make("tbody"))),
    { colSpan: main.cells.length });
  const more = Object.assign(make("tr", "", cell), { hidden: true });
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
  });
  main.cells[0].replaceChildren(button);
  delete main.cells[0].dataset.label;
  return make("tbody", "", main, more);
}

const innerBody = (fold) => fold.rows[1].querySelector("tbody");

const POINT_HEADS = ["Point", "Value", "Quality", "Reason", "Last usable"];
const CLAIM_HEADS = ["Priority", "Owner", "Value", "Reason", "Since", "Expires"];

function showDevices(devices) {
  const build = () => buildFold("device-table", "Points", POINT_HEADS);
  sync($("device-table"), devices, (device) => device.device, build, (fold, device) => {
    const missed = [`${device.missed} of ${device.polls}`, device.missed > device.polls / 100 ? "warn" : ""];
    fillRow(fold.rows[0], [device.device, plain(device.type), [plain(device.quality), mark(device.quality)], ago(device.age_s), missed, device.link, device.location]);
    sync(innerBody(fold), device.points, (point) => point.point, () => row(POINT_HEADS), (line, point) =>
      fillRow(line, [`${point.point}${point.writable ? " (writable)" : ""}`,
        point.value === null ? "unknown" : number(point.value, point.unit),
        [plain(point.quality), mark(point.quality)], point.reason, ago(point.age_s)]));
  });
}

function lease(control, unit, now) {
  if (!control.lease_state) return ["none"];
  const text = `${control.lease_state}, holds ${power(control.held, unit, "nothing")}`;
  const look = control.lease_state === "lost" ? "bad" : "";
  if (!control.lease_expires) return [text, look];
  const ends = new Date(control.lease_expires), left_s = (ends - now) / 1000;
  const when = left_s < 0 ? `expired ${ago(-left_s)}` : `until ${local(ends, now, true)} (${span(left_s)})`;
  return [`${text}, ${when}`, look, utc(ends)];
}

function showControls(status, now) {
  const units = new Map(status.devices.flatMap((device) => device.points.map((point) => [`${device.device}.${point.point}`, point.unit])));
  const build = () => buildFold("control-table", "Claims, the highest priority first", CLAIM_HEADS);
  show($("controls-none"), !status.controls.length);
  show($("control-table"), status.controls.length > 0);
  sync($("control-table"), status.controls, (control) => control.point, build, (fold, control) => {
    const unit = units.get(control.point) ?? "";
    const when = (iso) => (iso === null ? ["never"] : [local(new Date(iso), now, true), "", utc(new Date(iso))]);
    const fine = !control.last_result || /^(verified|accepted_unverified)/.test(control.last_result);
    fillRow(fold.rows[0], [control.point, power(control.value, unit, "left to the device"), power(control.wish, unit, "none"), localised(control.why, now),
      [localised(control.cuts.join("; "), now) || "nothing", control.cuts.length ? "warn" : ""], lease(control, unit, now),
      [plain(control.last_result) || "nothing written", fine ? "" : "bad"]]);
    const key = (claim) => `${claim.priority} ${claim.owner} ${claim.since}`;
    sync(innerBody(fold), control.claims, key, () => row(CLAIM_HEADS), (line, claim) =>
      fillRow(line, [plain(claim.priority), claim.owner, power(claim.value, unit, "leave it to the device"), localised(claim.reason, now),
        when(claim.since), when(claim.expires)]));
  });
}

// --- lists of facts

function facts(list, rows) {
  sync(list, rows, ([name]) => name, ([name]) => make("div", "", make("dt", "", name), make("dd")), (line, [, text, look = "", title = ""]) => {
    put(line.lastElementChild, String(text), look);
    line.lastElementChild.title = title;
  });
}

const amount = (n) => n.toLocaleString("en");
const faulty = (n, look = "bad") => [amount(n), n ? look : ""];

function moment(iso, now) {
  if (iso === null) return ["never"];
  const at = new Date(iso);
  return [`${local(at, now, true)} (${ago((now - at) / 1000)})`, "", utc(at)];
}

function showFacts(status, now) {
  const { buffer, cloud, counters } = status;
  const alone = cloud.transport === "none";
  facts($("buffer-facts"), [
    ["State", buffer.state, buffer.state === "ok" ? "good" : "bad"],
    ["Kept", `${amount(buffer.readings)} readings in ${amount(buffer.commits)} commits`],
    ["Not yet sent", alone ? "no cloud is set up, kept here only" : `${amount(buffer.backlog_commits)} commits`],
    ["Last commit", ...moment(buffer.last_commit_at, now)],
    ["Failed commits", ...faulty(buffer.failed_commits)],
    ["Dropped readings", ...faulty(buffer.dropped_readings)],
    ["On disk", number(buffer.bytes_on_disk / 1e6, "MB")],
    ...buffer.notes.map((note, i) => [`Note ${i + 1}`, note]),
  ]);
  facts($("cloud-facts"), alone ? [["Transport", "none: no cloud is set up"]] : [
    ["Transport", cloud.transport],
    ["Connection", cloud.connected ? "connected" : "not connected", cloud.connected ? "good" : "warn"],
    ["Sent up to", `commit ${amount(cloud.sent_seq)}`],
    ["Confirmed up to", cloud.acked_seq === null ? "not said yet" : `commit ${amount(cloud.acked_seq)}`],
    ["Still to send", `${amount(cloud.backlog_commits)} commits`],
    ["Last sent", ...moment(cloud.last_sent_at, now)],
    ["Last error", cloud.last_error || "none"],
  ]);
  facts($("counter-facts"), [
    ["Started", ...moment(status.started_at, now)],
    ["Tasks running", `${status.tasks.length - status.tasks.filter(down).length} of ${status.tasks.length}`],
    ["Control ticks", amount(counters.ticks)],
    ["Ticks missed", ...faulty(counters.ticks_missed, "warn")],
    ["Writes verified", amount(counters.writes_verified)],
    ["Writes failed", ...faulty(counters.writes_failed, "warn")],
    ["Leases held", amount(counters.leases)],
    ["Memory, agent", number(counters.agent_rss_mb, "MB")],
    ["Memory, planner", number(counters.worker_rss_mb, "MB")],
    ["Forecasts learnt", ...(status.foresight.made_at ? moment(status.foresight.made_at, now) : ["not yet"])],
    ...status.foresight.scores.map((score) => [`Error, ${score.series}`, missed(score)]),
  ]);
}

// Mean error of the forecasts by how far ahead they look: as a share of the mean, or in its unit.
function missed(score) {
  const error = (value) => score.unit ? `${value.toFixed(1)} ${score.unit}` : `${(100 * value).toFixed(1)} %`;
  return score.until_h.map((hours, i) => `${error(score.nmae[i])} within ${hours} h`).join(", ");
}

// --- asking

async function ask(address) {
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
  return answer.json();
}

// Brings plan and minutes up to the status; after a restart of the gateway all of them.
async function load() {
  const status = await ask("/api/status");
  if (status.started_at !== seen.status?.started_at) Object.assign(seen, { flows: [], plan: null });
  const now = Date.parse(status.now), last = seen.flows.at(-1)?.t ?? -Infinity;
  if (status.plan.made_at === null) seen.plan = null;
  else if (Date.parse(seen.plan?.made_at ?? 0) !== Date.parse(status.plan.made_at)) seen.plan = await ask("/api/plan");
  if (now - last >= MINUTE) {
    const span_h = Math.min(DAY_H, (now - last) / HOUR + 0.1);
    const fresh = (await ask(`/api/flows?hours=${span_h.toFixed(3)}`)).map((flow) => ({ ...flow, t: Date.parse(flow.at) }));
    seen.flows = [...seen.flows, ...fresh.filter((flow) => flow.t > last)].filter((flow) => flow.t > now - DAY_H * HOUR);
  }
  if (status.counters.ticks !== seen.ticks) Object.assign(seen, { ticks: status.counters.ticks, tickedAt: Date.now() });
  seen.status = status;
}

function render() {
  const status = seen.status, now = new Date(status.now);
  chart.now = now.getTime();
  showHead(status, now);
  showAlarms(status, now);
  sync($("tiles"), FLOWS, (part) => part.key, buildTile, (tile, part) => fillTile(tile, part, status));
  showPlan(status.plan, now);
  drawCharts();
  showControls(status, now);
  showDevices(status.devices);
  showFacts(status, now);
}

let failures = 0, lostAt = null;

function warn(text, verdict) {
  put($("lost"), text);
  put($("verdict"), verdict, "bad");
  show($("lost"), true);
  document.title = "(!) SEMDR Edge";
}

function showLost(why) {
  lostAt ??= new Date();
  const old = seen.status ? ` What stands below is of ${local(new Date(seen.status.now), lostAt, true)}.` : "";
  warn(`Connection lost since ${local(lostAt, lostAt, true)} (${why}).${old}`, "Not known: the gateway does not answer.");
  $("main").classList.add("old");
}

async function turn() {
  try {
    await load();
    failures = 0;
  } catch (error) {
    failures += 1;
    showLost(error instanceof TypeError ? "no answer" : error.message);
    return;
  }
  try {
    render();
    lostAt = null;
    show($("lost"), false);
    $("main").classList.remove("old");
  } catch (error) {
    warn(`This page cannot show what the gateway sent: ${error.message}`, "Not known: this page has failed.");
  }
}

async function run() {
  await turn();
  setTimeout(run, Math.min(SLOWEST_MS, REFRESH_MS * 2 ** failures));
}

buildCharts();
run();
