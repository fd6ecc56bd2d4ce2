/* One case enters; what each model said of it, and the places in their articles, leave as elements.
   Text is only ever set as text: nothing on this page is parsed as HTML by a script. */

"use strict";

const page = JSON.parse(document.getElementById("data").textContent);
const GOOD = new Set(["right", "found", "not scored"]);

/* Make an element: properties, then children; strings become text. */
function make(name, properties = {}, ...children) {
  const { data, attributes, ...plain } = properties;
  const made = Object.assign(document.createElement(name), plain);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  Object.assign(made.dataset, data);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const percent = (value) => `${value > 0.994 && value < 1 ? (100 * value).toFixed(1) : Math.round(100 * value)}%`;
const signed = (value, digits) => `${value > 0 ? "+" : value < 0 ? "\u2212" : ""}${Math.abs(value).toFixed(digits)}`;
const duration = (ms) => (ms < 950 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const kindClass = (verdict) => `k-${verdict.replaceAll(" ", "-")}`;
const sign = (verdict) => ({ right: "✓", found: "✓", "not scored": "–", error: "!" })[verdict] ?? "✕";

function written(name, value) {
  const unit = page.metrics[name]?.[2];
  if (unit === "ms") return duration(value);
  if (unit === "points") return signed(value, 0);
  return unit === "share" ? percent(value) : String(value);
}

function dot(verdict, title) {
  return make("span", { className: `dot ${kindClass(verdict)}`, title, attributes: { "aria-label": title, role: "img" } }, sign(verdict));
}

/* A model's mark is drawn once, in the first table. */
function mark(model) {
  return document.querySelector(`.mark.m${model % 6}`)?.cloneNode(true) ?? null;
}

function modelName(model) {
  return make("span", { className: `model m${model % 6}` }, mark(model), make("span", {}, page.models[model]));
}

/* ---- What was asked and expected ---- */

function question(item) {
  const parts = item.history.map(([role, content]) => make("p", { className: `turn data ${role === "user" ? "user" : "assistant"}` }, content));
  return [...parts, make("h3", { className: "question data", lang: item.lang }, item.question)];
}

function expected(item) {
  const chips = (texts) => texts.map((text) => make("span", { className: "chip data" }, text));
  if (!item.answerable) return make("p", { className: "expected" }, "Expected: a refusal. The article does not answer this.");
  const parts = [];
  if (item.nuggets.length) parts.push("Expected, all of: ", ...item.nuggets.map((group) => make("span", { className: "chip data" }, group.join(" / "))));
  else if (item.answers.length) parts.push("Expected, any of: ", ...chips(item.answers));
  else parts.push("No expected answer is known; only refusals are scored.");
  if (item.forbidden.length) parts.push(make("br"), "Must not be said: ", ...chips(item.forbidden));
  return make("p", { className: "expected" }, ...parts);
}

/* ---- One model's answer ---- */

/* Number a model's citations: one place, one number. */
function numbered(model, answer) {
  const places = new Map();
  for (const [, , citations] of answer?.statements ?? [])
    for (const { at } of citations)
      if (at && !places.has(at.join())) places.set(at.join(), { at, name: `${model}-${places.size + 1}`, number: places.size + 1, model });
  return places;
}

function citeButton(place, words) {
  const label = page.models.length > 1 ? [mark(place.model), ` ${place.number}`] : [String(place.number)];
  return make("button", { type: "button", className: `cite m${place.model % 6}`, title: words, data: { cite: place.name } }, ...label);
}

function statement([text, verdict, citations], places) {
  const line = make("li", { className: "data" }, text);
  for (const citation of citations) {
    if (citation.at) line.append(citeButton(places.get(citation.at.join()), "Show the cited place"));
    else line.append(make("span", { className: "broken" }, ` [cites “${citation.quote}” of ${citation.title}, which does not stand there]`));
  }
  if (verdict && verdict !== "supported") line.append(make("span", { className: "judged" }, ` ${verdict}`));
  else if (!citations.length) line.append(make("span", { className: "judged" }, " no citation"));
  return line;
}

function took(answer) {
  const parts = [];
  if (answer.ms?.total !== undefined) parts.push(duration(answer.ms.total));
  else if (answer.ms?.evidence !== undefined) parts.push(duration(answer.ms.evidence));
  if (answer.tokens?.completion !== undefined) parts.push(`${answer.tokens.prompt ?? "?"} tokens read, ${answer.tokens.completion} written`);
  return make("span", { className: "took" }, parts.join(" · "));
}

function scores(answer) {
  const names = Object.keys(page.metrics).filter((name) => name in (answer.scores ?? {}) && (page.metrics[name][3] !== "cost" || answer.scores[name] !== null));
  if (!names.length) return null;
  const lines = names.map((name) => {
    const value = answer.scores[name];
    const cell = value === null ? [make("span", { className: "n" }, `not scored: ${answer.why?.[name] || "no reason given"}`)] : [written(name, value)];
    return make("tr", {}, make("th", { scope: "row", title: page.metrics[name][1] }, page.metrics[name][0]), make("td", {}, ...cell));
  });
  return make("details", {}, make("summary", {}, "Scores and times"), make("table", { className: "scores" }, make("tbody", {}, ...lines)));
}

function said(answer, places) {
  if (answer.error) return [make("p", { className: "broken data" }, answer.error)];
  const parts = [];
  if (answer.searched) parts.push(make("p", { className: "why data" }, `Searched for: ${answer.searched}`));
  if (answer.abstained) parts.push(make("ul", { className: "said" }, make("li", { className: "data" }, answer.text ?? "")));
  else if (answer.statements?.length) parts.push(make("ul", { className: "said" }, ...answer.statements.map((one) => statement(one, places))));
  else if (answer.text) parts.push(make("ul", { className: "said" }, make("li", { className: "data" }, answer.text)));
  if (answer.interrupted) parts.push(make("p", { className: "broken data" }, `Broke off: ${answer.interrupted}`));
  return parts;
}

function answerCard(model, answer, places, item, ownPassages) {
  if (!answer) return make("section", { className: `answer m${model % 6}` }, modelName(model), make("p", { className: "why" }, "Was not asked this."));
  const verdict = make("span", { className: "verdict" }, dot(answer.verdict, answer.verdict), answer.verdict);
  const head = make("div", { className: "answer-head" }, modelName(model), verdict, took(answer));
  const why = GOOD.has(answer.verdict) ? null : make("p", { className: "why" }, page.meanings[answer.verdict] ?? "");
  const passages = ownPassages ? passageList(answer.evidence, item, `What the search found (${answer.evidence?.length ?? 0})`) : null;
  return make("section", { className: `answer m${model % 6}`, data: { model } }, head, why, ...said(answer, places), scores(answer), passages);
}

function passageList(evidence, item, title, open = false) {
  if (!evidence?.length) return null;
  const lines = evidence.map(({ at, score, title: name }, rank) => {
    const number = make("span", { className: "n" }, String(rank + 1));
    if (!at) return make("li", { className: "broken" }, number, ` ${name}: not among these articles`);
    const text = page.articles[at[0]].text.slice(at[1], at[2]);
    const gold = item.gold.some((place) => overlap(place, at));
    const right = make("span", { className: gold ? "is-gold" : "n" }, gold ? "proof" : "", score === null ? "" : ` ${score}`);
    const button = make("button", { type: "button", data: { passage: at.join() } }, number, make("span", { className: "text" }, text.slice(0, 200)), right);
    return make("li", {}, button);
  });
  return make("details", { open }, make("summary", {}, title), make("ol", { className: "passages" }, ...lines));
}

const overlap = (one, other) => one[0] === other[0] && one[1] < other[2] && other[1] < one[2];

/* ---- The articles ---- */

/* Cut a block where a layer begins or ends; each piece wears what covers it. */
function pieces(text, start, end, layers) {
  const inside = layers.filter(({ at }) => at[1] < end && start < at[2]);
  const cuts = new Set([start, end]);
  for (const { at } of inside) for (const edge of [at[1], at[2]]) if (edge > start && edge < end) cuts.add(edge);
  const edges = [...cuts].sort((a, b) => a - b);
  return edges.slice(0, -1).flatMap((from, n) => {
    const to = edges[n + 1];
    const over = inside.filter(({ at }) => at[1] <= from && to <= at[2]);
    const cites = over.filter(({ layer }) => layer === "cite");
    const className = [...new Set(over.map(({ layer }) => layer).filter((layer) => layer !== "cite"))].join(" ");
    const piece = text.slice(from, to);
    const node = cites.length
      ? make("mark", { className, data: { names: cites.map(({ place }) => place.name).join(" ") } }, piece)
      : className
        ? make("span", { className }, piece)
        : piece;
    const ending = cites.filter(({ at }) => at[2] === to).map(({ place }) => citeButton(place, "Back to the sentence"));
    return [node, ...ending];
  });
}

function blocksOf({ text, blocks }) {
  const list = [];
  for (let n = 0; n < blocks.length; n += 3) list.push({ start: blocks[n], end: blocks[n + 1], level: blocks[n + 2] });
  return list.length ? list : [{ start: 0, end: text.length, level: 0 }];
}

/* Show the blocks that hold a place, one more on each side, and the heading above; or all of them. */
function chosenBlocks(blocks, layers, whole) {
  if (whole) return new Set(blocks.keys());
  const chosen = new Set();
  blocks.forEach((block, n) => {
    if (!layers.some(({ at, layer, asked }) => (layer !== "found" || asked) && at[1] < block.end && block.start < at[2])) return;
    for (const near of [n - 1, n, n + 1]) if (blocks[near]) chosen.add(near);
    const heading = blocks.slice(0, n).findLastIndex(({ level }) => level > 0);
    if (heading >= 0) chosen.add(heading);
  });
  return chosen;
}

function articleText(article, layers, whole) {
  const blocks = blocksOf(article);
  const chosen = chosenBlocks(blocks, layers, whole);
  const parts = [];
  let hidden = 0;
  const fold = () => {
    if (hidden) parts.push(make("button", { type: "button", className: "fold", title: "Show the whole article" }, hidden === 1 ? "… 1 paragraph" : `… ${hidden} paragraphs`));
    hidden = 0;
  };
  blocks.forEach(({ start, end, level }, n) => {
    if (!chosen.has(n)) return hidden++;
    fold();
    parts.push(make(level ? "h4" : "p", {}, ...pieces(article.text, start, end, layers)));
  });
  fold();
  return parts;
}

function articleCard(number, layers) {
  const article = page.articles[number];
  let whole = false;
  const body = make("div", { className: "text-of", lang: article.lang });
  const button = make("button", { type: "button", className: "whole" });
  const draw = () => {
    body.replaceChildren(...articleText(article, layers, whole));
    button.textContent = whole ? "Only the places" : "Whole article";
    button.hidden = !whole && !body.querySelector(".fold");
  };
  const turn = () => {
    whole = !whole;
    draw();
  };
  button.addEventListener("click", turn);
  body.addEventListener("click", (event) => event.target.closest(".fold") && turn());
  const card = make("section", { className: "article", data: { article: number } },
    make("header", {}, make("h3", { className: "data" }, article.title || article.id), button), body);
  card.ask = (at) => {
    for (const layer of layers) if (layer.at.join() === at) layer.asked = true;
    draw();
  };
  draw();
  return card;
}

/* ---- The whole case ---- */

function drawCase(n) {
  const item = page.cases[n];
  const answers = page.answers.map((of) => of[n]);
  const places = answers.map((answer, model) => numbered(model, answer));
  const layers = [
    ...[...new Set(answers.flatMap((answer) => (answer?.evidence ?? []).filter(({ at }) => at).map(({ at }) => at.join())))].map((at) => ({ layer: "found", at: at.split(",").map(Number) })),
    ...item.gold.map((at) => ({ layer: "gold", at })),
    ...places.flatMap((of) => [...of.values()].map((place) => ({ layer: "cite", at: place.at, place }))),
  ];
  const shown = new Set(layers.filter(({ layer }) => layer !== "found").map(({ at }) => at[0]));
  const of = (number) => layers.filter(({ at }) => at[0] === number);
  const lists = new Set(answers.filter(Boolean).map((answer) => JSON.stringify(answer.evidence ?? [])));
  const shared = lists.size === 1;
  const cards = answers.map((answer, model) => answerCard(model, answer, places[model], item, !shared));
  const articles = make("div", { className: "articles" }, ...[...shown].map((number) => articleCard(number, of(number))));
  const key = make("p", { className: "key" }, make("span", {}, make("mark", {}, "cited by an answer")), make("span", { className: "gold" }, "gold evidence"), make("span", { className: "found" }, "found by the search"));
  const box = make("div", {}, ...question(item), expected(item), ...cards,
    shared ? passageList(answers.find(Boolean).evidence, item, "What the search found", !answers.some((answer) => answer?.text)) : null,
    layers.length ? key : null, articles);
  box.addEventListener("click", (event) => follow(event, box, articles, of));
  return box;
}

/* A citation leads to its place, a place back to its sentence, a passage to where it stands. */
function follow(event, box, articles, of) {
  const cite = event.target.closest("[data-cite]");
  const passage = event.target.closest("[data-passage]");
  if (cite) {
    const name = cite.dataset.cite;
    for (const one of box.querySelectorAll("mark")) one.classList.toggle("active", one.dataset.names?.split(" ").includes(name) ?? false);
    const inArticle = cite.closest(".article");
    const target = inArticle ? box.querySelector(`.said [data-cite="${name}"]`) : box.querySelector(`mark[data-names~="${name}"]`);
    target?.scrollIntoView({ block: "center" });
    if (inArticle) target?.focus({ preventScroll: true });
  } else if (passage) {
    const at = passage.dataset.passage;
    const number = Number(at.split(",")[0]);
    let card = [...articles.children].find((one) => Number(one.dataset.article) === number);
    if (!card) articles.append((card = articleCard(number, of(number))));
    card.ask(at);
    const start = [...card.querySelectorAll(".found")][0] ?? card;
    start.scrollIntoView({ block: "center" });
  }
}
