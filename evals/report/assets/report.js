/* The list of cases, its filters, the slices, and the keys. Only the rows in sight are in the page, however many there are. */

const $ = (id) => document.getElementById(id);
const list = $("list");
const rows = $("rows");
const rowHeight = 4 * parseFloat(getComputedStyle(document.documentElement).fontSize);
const narrow = matchMedia("(max-width: 900px)");
const filters = Object.fromEntries(["search", "verdict", "model", "set", "tag", "lang", "answerable", "changed"].map((id) => [id, $(id)]));

let matching = []; // places in page.cases, in order
let chosen = -1; // a place in page.cases
let drawn = ""; // what the list shows now, so that scrolling redraws only what it must

/* ---- Filters and search ---- */

const verdictsOf = (n) => page.answers.map((of) => of[n]?.verdict);
const fold = (text) => text.normalize("NFKC").toLowerCase();
const haystacks = new Array(page.cases.length);

function haystack(n) {
  if (haystacks[n] === undefined) {
    const item = page.cases[n];
    const titles = item.gold.map(([article]) => page.articles[article].title);
    const answers = page.answers.flatMap((of) => [of[n]?.text, of[n]?.error, of[n]?.searched, ...(of[n]?.statements ?? []).map(([text]) => text)]);
    const parts = [item.id, item.set, item.question, ...item.tags, ...item.history.map(([, content]) => content), ...item.answers, ...item.nuggets.flat(), ...titles, ...answers];
    haystacks[n] = fold(parts.filter(Boolean).join("\n"));
  }
  return haystacks[n];
}

function verdictMatches(n) {
  const wanted = filters.verdict.value;
  const model = filters.model.value;
  const seen = (model === "" ? verdictsOf(n) : [page.answers[Number(model)][n]?.verdict]).filter(Boolean);
  if (wanted === "") return seen.length > 0;
  return wanted === "not right" ? seen.some((verdict) => !GOOD.has(verdict)) : seen.includes(wanted);
}

const differs = (n) => new Set(verdictsOf(n).filter(Boolean)).size > 1;

function passes(n, words) {
  const item = page.cases[n];
  return (
    (filters.set.value === "" || item.set === filters.set.value) &&
    (filters.tag.value === "" || item.tags.includes(filters.tag.value)) &&
    (filters.lang.value === "" || item.lang === filters.lang.value) &&
    (filters.answerable.value === "" || item.answerable === (filters.answerable.value === "yes")) &&
    (!filters.changed.checked || differs(n)) &&
    verdictMatches(n) &&
    words.every((word) => haystack(n).includes(word))
  );
}

function filter() {
  const words = fold(filters.search.value).split(/\s+/).filter(Boolean);
  matching = [...page.cases.keys()].filter((n) => passes(n, words));
  const all = page.cases.length.toLocaleString("en");
  $("found").textContent = matching.length === page.cases.length ? `${all} cases` : `${matching.length.toLocaleString("en")} of ${all} cases`;
  list.scrollTop = 0;
  drawRows(true);
  if (!narrow.matches && !matching.includes(chosen)) choose(matching[0] ?? -1, { quiet: true });
}

function fill(id, values) {
  const names = [...new Set(values)].sort();
  filters[id].append(...names.map((name) => make("option", { value: name }, name)));
  filters[id].closest("label").hidden = names.length < 2;
}

function prepareFilters() {
  fill("set", page.cases.map((item) => item.set));
  fill("tag", page.cases.flatMap((item) => item.tags.filter((tag) => !tag.startsWith("twin-of:"))));
  fill("lang", page.cases.map((item) => item.lang));
  filters.model.append(...page.models.map((name, n) => make("option", { value: String(n) }, name)));
  const one = page.models.length < 2;
  for (const id of ["model", "changed"]) filters[id].closest("label").hidden = one;
  filters.answerable.closest("label").hidden = new Set(page.cases.map((item) => item.answerable)).size < 2;
  let waiting = 0;
  $("filters").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 60);
  });
  $("filters").addEventListener("reset", () => setTimeout(filter));
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("button[data-verdict]"))
    button.addEventListener("click", () => {
      $("filters").reset();
      filters.verdict.value = button.dataset.verdict;
      filters.model.value = page.models.length > 1 ? button.dataset.model : "";
      showPane("list");
      filter();
      $("cases").scrollIntoView();
    });
}

/* ---- The list ---- */

function row(n, place) {
  const item = page.cases[n];
  const dots = verdictsOf(n).map((verdict, model) => (verdict ? dot(verdict, `${page.models[model]}: ${verdict}`) : null));
  const under = make("span", { className: "under" }, ...dots, make("span", { className: "id" }, [item.answerable ? "" : "not in the article", ...item.tags.slice(0, 2), item.lang].filter(Boolean).join(" · ")));
  const made = make("div", { className: "row", id: `row-${n}`, data: { n }, attributes: { role: "option", "aria-selected": String(n === chosen), "aria-posinset": place + 1, "aria-setsize": matching.length } },
    make("span", { className: "q", lang: item.lang }, item.question), under);
  made.style.top = `${place * rowHeight}px`;
  return made;
}

function drawRows(anew = false) {
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 6);
  const last = Math.min(matching.length, first + Math.ceil(list.clientHeight / rowHeight) + 12);
  const now = `${first} ${last} ${chosen}`;
  if (!anew && now === drawn) return;
  drawn = now;
  rows.style.height = `${matching.length * rowHeight}px`;
  const none = make("p", { className: "none" }, page.cases.length ? "No case is like that. Clear a filter or the search." : "There are no cases.");
  rows.replaceChildren(...(matching.length ? matching.slice(first, last).map((n, place) => row(n, first + place)) : [none]));
}

function reveal(place) {
  const top = place * rowHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + rowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight - list.clientHeight;
}

/* ---- One case ---- */

function showPane(name) {
  $("explorer").dataset.pane = name;
}

function caseHead(n) {
  const item = page.cases[n];
  const button = (text, title, act, disabled = false) => {
    const made = make("button", { type: "button", title, disabled }, text);
    made.addEventListener("click", act);
    return made;
  };
  const back = button("← All cases", "Back to the list", () => {
    showPane("list");
    drawRows(true);
    list.focus();
  });
  back.className = "back";
  const place = matching.indexOf(n);
  const steps = make("span", { className: "steps" }, button("↑", "The case before (k)", () => step(-1), place <= 0), button("↓", "The next case (j)", () => step(1), place < 0 || place >= matching.length - 1));
  const facts = [item.set, item.id, item.lang, item.answerable ? "answerable" : "not in the article", ...item.tags];
  return make("div", { className: "case-head" }, back, make("span", { className: "data" }, facts.join(" · ")), steps);
}

function choose(n, { quiet = false, open = false } = {}) {
  chosen = n;
  const shown = $("case");
  if (n < 0) {
    shown.replaceChildren();
    return drawRows();
  }
  shown.replaceChildren(caseHead(n), drawCase(n));
  list.setAttribute("aria-activedescendant", `row-${n}`);
  if (open) showPane("case");
  const place = matching.indexOf(n);
  if (place >= 0) reveal(place);
  drawRows();
  if (quiet) return;
  const { set, id } = page.cases[n];
  history.replaceState(null, "", `#case=${encodeURIComponent(set)}/${encodeURIComponent(id)}`);
  if (shown.getBoundingClientRect().top < 0 || open) shown.scrollIntoView({ behavior: "instant" });
}

function step(by, open = false) {
  const place = matching.indexOf(chosen);
  const next = matching[Math.min(matching.length - 1, Math.max(0, place + by))];
  if (next !== undefined && next !== chosen) choose(next, { open });
}

function fromAddress() {
  const [, set, id] = /^#case=([^/]*)\/(.*)$/.exec(location.hash) ?? [];
  if (id === undefined) return false;
  const n = page.cases.findIndex((item) => encodeURIComponent(item.set) === set && encodeURIComponent(item.id) === id);
  if (n >= 0) choose(n, { open: true });
  return n >= 0;
}

/* ---- Keys ---- */

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, select, textarea");
  if (typing) {
    if (event.target.id === "search" && ["ArrowDown", "Escape", "Enter"].includes(event.key)) list.focus();
    else return;
  } else if (event.key === "/") {
    filters.search.focus();
    filters.search.select();
  } else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else if (event.target !== list) return;
  else if (event.key === "Enter") {
    choose(chosen < 0 ? matching[0] ?? -1 : chosen, { open: true });
    $("case").focus();
  } else {
    const screen = Math.max(1, Math.floor(list.clientHeight / rowHeight) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    step(by);
  }
  event.preventDefault();
}

/* ---- Slices ---- */

const DIMENSIONS = { answerable: "Answerable or not", turn: "First question or follow-up", lang: "Language", set: "Set", tag: "Tag" };
const SVG = "http://www.w3.org/2000/svg";

function rangeBar(estimate, model, points) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `range m${model % 6}`);
  svg.setAttribute("aria-hidden", "true");
  const at = (value) => 100 * Math.min(1, Math.max(0, points ? (value + 1) / 2 : value));
  const bar = (className, x, width, y, height) => {
    const rect = document.createElementNS(SVG, "rect");
    for (const [key, value] of Object.entries({ class: className, x, width, y, height })) rect.setAttribute(key, `${value}${key === "class" ? "" : "%"}`);
    svg.append(rect);
  };
  bar("track", 0, 100, 40, 20);
  if (estimate.low !== null && estimate.high !== null) bar("span", at(estimate.low), at(estimate.high) - at(estimate.low), 20, 60);
  bar("at", Math.min(98, at(estimate.value)), 2, 0, 100);
  return svg;
}

function sliceCell(estimate, model, metric) {
  const label = { data: { label: page.models[model] } };
  if (!estimate || estimate.value === null) return make("td", label, "–");
  const points = page.metrics[metric][2] === "points";
  const text = (value) => (points ? signed(value, 2) : percent(value));
  const between = estimate.low === null ? "" : `${text(estimate.low)} to ${text(estimate.high)}`;
  return make("td", { ...label, className: estimate.n < 10 ? "few" : "", title: estimate.n < 10 ? "fewer than ten cases" : "" },
    rangeBar(estimate, model, points), make("b", {}, text(estimate.value)), make("span", { className: "between" }, between), make("span", { className: "n" }, `n ${estimate.n}`));
}

function sliceTable(dimension, metric) {
  const of = page.slices.map((slices) => slices[dimension] ?? {});
  const size = (name) => Math.max(...of.map((slices) => slices[name]?.[metric]?.n ?? 0));
  const names = [...new Set(of.flatMap(Object.keys))].filter(size).sort((a, b) => size(b) - size(a) || (a < b ? -1 : 1));
  if (!names.length || (names.length < 2 && dimension !== "tag")) return null;
  const line = (name) => make("tr", {}, make("th", { scope: "row" }, name), ...of.map((slices, model) => sliceCell(slices[name]?.[metric], model, metric)));
  const body = make("tbody", {}, ...names.slice(0, 30).map(line));
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, ""), ...page.models.map((_, model) => make("th", { scope: "col" }, modelName(model)))));
  const more = names.length > 30 ? make("button", { type: "button", className: "whole" }, `${names.length - 30} more`) : null;
  more?.addEventListener("click", () => (body.append(...names.slice(30).map(line)), more.remove()));
  return make("section", {}, make("h3", {}, DIMENSIONS[dimension]), make("div", { className: "scroll" }, make("table", { className: "wide" }, head, body)), more);
}

function prepareSlices() {
  const holder = $("slice-tables");
  if (!holder) return;
  const every = page.slices.flatMap((slices) => Object.values(slices).flatMap(Object.values));
  const names = Object.keys(page.metrics).filter((name) => every.some((estimates) => estimates[name] && estimates[name].value !== null));
  const select = make("select", { id: "slice-metric" }, ...names.map((name) => make("option", { value: name }, page.metrics[name][0])));
  const means = make("p", { className: "quiet" });
  const tables = make("div");
  const draw = () => {
    means.textContent = `${page.metrics[select.value]?.[1] ?? ""} Paler where fewer than ten cases stand behind the number.`;
    tables.replaceChildren(...Object.keys(DIMENSIONS).map((dimension) => sliceTable(dimension, select.value)).filter(Boolean));
  };
  select.addEventListener("change", draw);
  holder.append(make("label", {}, "Number shown", select), means, tables);
  draw();
}

/* ---- Begin ---- */

function prepareContents() {
  const links = [...document.querySelectorAll("main > section")].map((section) => make("li", {}, make("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)));
  $("contents").append(make("ul", {}, ...links));
}

prepareContents();
prepareSlices();
prepareFilters();
list.addEventListener("scroll", () => drawRows(), { passive: true });
list.addEventListener("click", (event) => {
  const clicked = event.target.closest(".row");
  if (clicked) choose(Number(clicked.dataset.n), { open: narrow.matches });
});
addEventListener("beforeprint", () => document.querySelectorAll("#details details, #about details").forEach((folded) => (folded.open = true)));
addEventListener("resize", () => drawRows(true));
addEventListener("hashchange", fromAddress);
document.addEventListener("keydown", onKey);
filter();
fromAddress();
