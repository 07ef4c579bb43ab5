// The live page of `millrace dev`: asks /v1/dev/board once a second and redraws. It keeps elements by key, so that bars
// move instead of jumping and a focus stays where it is.
import { byId, copy, h, svg } from "/assets/dom.js";

const PERIOD = 1000;
const number = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact" });
let mode = "";

function money(minor, currency) {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits;
  return format.format(minor / 10 ** digits);
}

function amount(mission, value) {
  return mission.metric === "amount" ? money(value, mission.currency) : number.format(value);
}

/** keyed makes the children of parent match items: make(item) for new keys, draw(element, item) for all, in order. */
function keyed(parent, items, key, make, draw) {
  const old = new Map([...parent.children].map((c) => [c.dataset.key, c]));
  items.forEach((item, i) => {
    const k = key(item);
    let element = old.get(k);
    old.delete(k);
    if (!element) {
      element = make(item);
      element.dataset.key = k;
    }
    draw(element, item);
    if (parent.children[i] !== element) parent.insertBefore(element, parent.children[i] ?? null);
  });
  for (const gone of old.values()) gone.remove();
}

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** verdict is what the audit says: money in flight is no difference. */
function verdict(totals, difference, currency) {
  if (difference !== 0 || totals.judged) return `difference ${money(difference, currency)}`;
  return totals.checked_at ? `checked ${new Date(totals.checked_at).toLocaleTimeString()}` : "not checked yet";
}

function drawConservation(totals) {
  const lines = Object.entries(totals.difference_minor).sort(([a], [b]) => a.localeCompare(b));
  keyed(byId("conservation"), lines, ([currency]) => currency,
    () => h("div", { class: "law" }),
    (element, [currency, difference]) => {
      const term = (label, minor) => h("span", { class: "term" }, h("span", {}, label), h("b", {}, money(minor, currency)));
      const settled = totals.settled_minor[currency], reversed = totals.reversed_minor[currency], received = totals.received_minor[currency];
      const terms = [];
      if (settled !== undefined && reversed !== undefined) {
        terms.push(term("settled", settled), h("span", { class: "sign" }, "−"), term("reversed", reversed));
        if (received !== undefined) terms.push(h("span", { class: "sign" }, "="), term("received by missions", received));
        const flight = totals.in_flight_minor[currency];
        if (flight > 0) terms.push(h("span", { class: "sign" }, "+"), term("in flight", flight));
      } else terms.push(h("b", {}, currency));
      element.classList.toggle("broken", difference !== 0);
      element.classList.toggle("unchecked", difference === 0 && !totals.judged);
      element.replaceChildren(...terms, h("span", { class: "verdict" }, verdict(totals, difference, currency)));
    });
}

function drawCounts(totals) {
  const counts = [["events", totals.events], ["duplicates dropped", totals.duplicates], ["dead letters", totals.dead_letters]];
  if (totals.windows_closed) counts.push(["windows closed", totals.windows_closed]);
  keyed(byId("counts"), counts, ([name]) => name,
    ([name]) => h("div", { class: "count" }, h("b"), h("span", {}, name)),
    (element, [, value]) => text(element.firstChild, number.format(value)));
}

function makeMission() {
  return h("div", { class: "mission" },
    h("div", { class: "row" }, h("span", { class: "title" }), h("span", { class: "tag" })),
    h("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, h("i")),
    h("div", { class: "row" }, h("span", { class: "summary" }), h("span", { class: "figure" })));
}

function drawMission(element, m) {
  const [top, bar, below] = element.children;
  const done = m.completions > 0;
  element.classList.toggle("done", done);
  text(top.children[0], m.title);
  const tag = top.children[1];
  text(tag, done ? (m.completions_limit === 1 ? "completed" : `completed ×${m.completions}`) : m.status === "active" ? "" : m.status);
  tag.className = `tag ${done ? "" : m.status}`;
  tag.hidden = tag.textContent === "";
  const percent = Math.max(0, Math.min(100, m.percent));
  bar.setAttribute("aria-valuenow", percent);
  bar.setAttribute("aria-label", m.title);
  bar.firstChild.style.width = `${percent}%`;
  text(below.children[0], m.summary);
  below.children[0].title = m.window ? `${minute(m.window.start)} until ${minute(m.window.end)} UTC` : "";
  text(below.children[1], `${amount(m, m.progress)} of ${amount(m, m.target)}`);
}

function drawUsers(users) {
  const root = byId("users");
  if (users.length === 0) {
    root.replaceChildren(h("p", { class: "empty" }, "No user has visible progress yet."));
    return;
  }
  root.querySelector(".empty")?.remove();
  keyed(root, users, (u) => u.id,
    (u) => {
      const button = h("button", { type: "button", title: "Copy a curl command with this user's token" }, "copy curl");
      button.addEventListener("click", () => {
        copy(button, `curl -H 'Authorization: Bearer ${button.dataset.token}' ${location.origin}/v1/users/me/missions`);
      });
      return h("article", { class: "user" }, h("header", {}, h("h3", {}, u.id), button), h("div"),
        h("p", { class: "soft small" }));
    },
    (element, u) => {
      const button = element.querySelector("button");
      button.dataset.token = u.token;
      button.hidden = !u.token;
      keyed(element.children[1], u.missions, (m) => `${m.id}@${m.version}`, makeMission, drawMission);
      const rewards = u.rewards.map((r) => `${r.kind} ${r.state} \u00d7${r.count}`.replaceAll("_", " "));
      text(element.children[2], rewards.length ? `Rewards: ${rewards.join(", ")}` : "");
    });
}

/** minute shows a time to the minute, with its year, which summaries leave out. */
function minute(time) {
  return time.slice(0, 16).replace("T", " ");
}

/** spark draws technical rates between 0 and 1; a gap where a window had no samples. */
function spark(rates) {
  const width = 100, height = 30, n = Math.max(rates.length, 2);
  const x = (i) => (i * width) / (n - 1), y = (rate) => height - 1 - rate * (height - 2);
  const runs = [];
  let run = [];
  rates.forEach((rate, i) => {
    if (rate === null) {
      if (run.length) runs.push(run);
      run = [];
    } else run.push([x(i), y(rate)]);
  });
  if (run.length) runs.push(run);
  const point = ([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`;
  const line = runs.map((r) => `M${r.map(point).join("L")}${r.length === 1 ? "h.1" : ""}`).join("");
  const area = runs.filter((r) => r.length > 1)
    .map((r) => `M${point([r[0][0], height])}L${r.map(point).join("L")}L${point([r.at(-1)[0], height])}Z`).join("");
  return [
    svg("path", { class: "area", d: area }),
    svg("path", { class: "mark", d: `M0,${y(0.85).toFixed(1)}H${width}` }),
    svg("path", { d: line }),
  ];
}

function makeBank() {
  return h("a", { class: "bank" },
    h("div", { class: "name" }, h("span"), h("b", { class: "state" })),
    h("div", { class: "score" }, h("span"), h("small")),
    svg("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", role: "img" }),
    h("div", { class: "why" }));
}

function drawBank(element, b) {
  const [name, score, chart, why] = element.children;
  element.className = `bank ${b.state}${b.stale ? " stale" : ""}`;
  element.href = `/v1/health/${encodeURIComponent(b.mode)}/${encodeURIComponent(b.instrument)}`;
  element.title = `${b.instrument}: ${b.reason}`;
  text(name.children[0], b.instrument);
  text(name.children[1], b.stale ? "stale" : b.state);
  text(score.children[0], b.score === null ? "–" : `${(b.score * 100).toFixed(1)} %`);
  text(score.children[1], b.insufficient ? "few samples" : `${short.format(b.samples)} samples`);
  const drawn = JSON.stringify(b.spark);
  if (chart.dataset.drawn !== drawn) {
    chart.dataset.drawn = drawn;
    chart.setAttribute("aria-label", `technical rate of the last ${b.spark.length} windows`);
    chart.replaceChildren(...spark(b.spark));
  }
  text(why, b.state === "up" ? "" : b.enabled ? b.reason : `off: ${b.reason}`);
}

const rank = { down: 0, probing: 1, degraded: 2, recovering: 3, up: 4 };

function drawHealth(all) {
  const modes = [...new Set(all.map((b) => b.mode))].sort((a, b) => (a === "upi" ? -1 : b === "upi" ? 1 : a.localeCompare(b)));
  if (!modes.includes(mode)) mode = modes[0] ?? "";
  keyed(byId("modes"), modes, (m) => m,
    (m) => h("button", { type: "button", onclick: () => { mode = m; drawHealth(last.banks); } }, m.replaceAll("_", " ")),
    (element, m) => element.setAttribute("aria-pressed", String(m === mode)));
  const banks = all.filter((b) => b.mode === mode);
  const bad = banks.filter((b) => b.state !== "up").length;
  text(byId("summary"), banks.length === 0 ? "no window yet" : bad === 0 ? `all ${banks.length} up` : `${bad} of ${banks.length} not up`);
  // What needs attention first, then the busiest; the largest ones hardly change places, so that tiles stay put.
  const order = (b) => Math.round(Math.log2(b.samples + 1));
  banks.sort((a, b) => rank[a.state] - rank[b.state] || order(b) - order(a) || a.instrument.localeCompare(b.instrument));
  keyed(byId("banks"), banks, (b) => `${b.mode}/${b.instrument}`, makeBank, drawBank);
}

let last = { banks: [] };

function draw(board) {
  last = board;
  drawConservation(board.totals);
  drawCounts(board.totals);
  drawUsers(board.users);
  drawHealth(board.banks);
  const at = board.as_of.stream_time;
  const parts = ["totals since the beginning of the data", `running since ${new Date(board.started_at).toLocaleString()}`];
  if (at) parts.push(`event time ${new Date(at).toLocaleString()}`);
  text(byId("foot"), parts.join(" · "));
}

function connected(on, label) {
  const link = byId("link");
  link.className = `link ${on ? "on" : "off"}`;
  text(link, label);
}

async function poll() {
  try {
    const answer = await fetch("/v1/dev/board", { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(5000) });
    if (answer.ok) {
      draw(await answer.json());
      connected(true, "live");
    } else {
      connected(false, answer.status === 503 ? "loading tables" : `error ${answer.status}`);
    }
  } catch {
    connected(false, "not running");
  }
  setTimeout(poll, document.hidden ? 5 * PERIOD : PERIOD);
}

poll();
