/* What the page does by itself: clicks in the conversation and the article come in here, through listeners on the document,
   so that redrawn HTML needs none. What needs the server leaves by trigger('ask' | 'cite' | 'rate' | 'prefer' | 'stock' | 'articles' |
   'articles_news' | 'models_news', {payload}); files leave by requests of their own (adding.js, which stands behind this in the same script).
   Runs as the load script of a hidden Gradio component, which provides `trigger`. Text is only ever set as text. */

window.articleAssistant?.abort();
const life = (window.articleAssistant = new AbortController());
const on = (type, listener, capture = false) =>
  document.addEventListener(type, listener, { signal: life.signal, capture });
const $ = (selector) => document.querySelector(selector);
const phone = matchMedia("(max-width: 800px)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

const opened = new Set(); // details the reader opened, by data-keep: redrawing closes them otherwise
let origin = null; // the id, or else the place, of what last opened the article: the way back
let wanted = null; // the place to bring into view once the server has drawn it
let active = null; // the place that is emphasised now
let shownAnswer = null;
let shownCited = false;
let shownDocument = null;
let chosen = null; // the answer whose citation the reader opened last, since asking last
let following = true; // whether the conversation scrolls with the answer
let articleTouched = false;
let lastFocus = null;
let pane = "conversation"; // the one in sight where only one has room

/* ---- Panes ---- */

function showPane(name) {
  pane = name;
  for (const part of document.querySelectorAll("#panes, #topbar")) part.dataset.pane = name;
  for (const tab of document.querySelectorAll("[data-pane][aria-pressed]"))
    tab.setAttribute("aria-pressed", String(tab.dataset.pane === name));
  $("#back")?.toggleAttribute("hidden", !(origin && name === "article"));
}

function goBack() {
  showPane("conversation");
  const marker = origin && (document.getElementById(origin.id) || $(`[data-cite="${CSS.escape(origin.cite)}"]`));
  marker?.focus();
  marker?.scrollIntoView({ block: "nearest" });
}

/* ---- Citations ---- */

const marksOf = (name) => [...document.querySelectorAll(`#article mark[data-names~="${CSS.escape(name)}"]`)];

/* The answer that the conversation ends with, finished or running. */
function newest() {
  const exchange = [...document.querySelectorAll("#scroller .exchange:has(> .question)")].at(-1);
  return exchange?.id || exchange?.dataset.running || null;
}

/* Only the sources of the newest answer, or of one the reader went back to, are highlighted. (The right one of two
   answers side by side is named like the left one, and a b.) */
function emphasise() {
  const article = $("#article .article");
  const answer = article?.dataset.answer;
  article?.classList.toggle("past", ![answer, answer.replace(/b$/, "")].includes(newest()) && chosen !== answer);
  for (const mark of document.querySelectorAll("#article mark"))
    mark.classList.toggle("active", active !== null && mark.dataset.names.split(" ").includes(active));
}

function reveal(name) {
  const [first] = marksOf(name);
  if (!first) return false;
  active = name;
  chosen = name.split("-")[0];
  emphasise();
  first.focus({ preventScroll: true });
  first.scrollIntoView({ block: "center", behavior: still.matches ? "auto" : "smooth" });
  return true;
}

function span(element) {
  const { cite, start, end, quote } = element.dataset;
  const number = /^m\d+b?-(\d+)$/.exec(cite);
  return { name: cite, start: Number(start), end: Number(end), quote, number: number ? Number(number[1]) : 0 };
}

function open(place) {
  const { cite, document: article, title } = place.dataset;
  origin = { id: place.id, cite };
  hideTip();
  showPane("article");
  if ($("#article .article")?.dataset.document === article && reveal(cite)) return;
  const answer = cite.split("-")[0];
  const spans = new Map();
  for (const one of document.querySelectorAll(`.cite[data-cite^="${answer}-"], .source[data-cite^="${answer}-"]`))
    if (one.dataset.document === article) spans.set(one.dataset.cite, span(one));
  spans.set(cite, span(place));
  wanted = cite;
  trigger("cite", { payload: { document: article, answer, active: cite, spans: [...spans.values()], title } });
}

let reading = null; // the article that was opened in the library and is not here yet

/* Open an article that is no answer's source: from the library, in the tab Ask. */
function read(article) {
  origin = null;
  wanted = null;
  active = null;
  articleTouched = false;
  reading = article;
  if ($("#article .article")?.dataset.document === article) return showRead();
  trigger("cite", { payload: { document: article, answer: "", active: "", spans: [] } });
}

/* Only once it is here: what is asked for as the tab opens must not come after it. */
function showRead() {
  reading = null;
  $("#place-ask-button")?.click();
  showPane("article");
}

/* Why a request was refused: our own line. A proxy on the way would answer with a page of its own. */
async function lineOf(reply) {
  const ours = reply.headers.get("content-type")?.startsWith("text/plain");
  return ours ? reply.text() : `Not the assistant answered, but a proxy before it (${reply.status}).`;
}

/* ---- Pages of the original ---- */

const pictures = new Map(); // what the reader opened, by address: a redrawing takes it away, and it is put back

/* A picture, or the line that says why there is none. That is no text either: the article's text stays what it is. */
function picture({ dataset }) {
  const place = document.createElement("span");
  place.className = "page-picture";
  const say = (line) => {
    place.dataset.said = line;
    place.setAttribute("role", "status");
    place.setAttribute("aria-label", line);
  };
  const fill = async () => {
    const reply = await fetch(dataset.address);
    if (!reply.ok) return say((await lineOf(reply)) || "This page cannot be shown.");
    await reply.blob(); // to its end: the browser then has it, and it is not drawn twice
    const link = document.createElement("a"); // at its full size, where a table can be read
    Object.assign(link, { href: dataset.address, target: "_blank", rel: "noopener" });
    const image = new Image();
    image.alt = `Page ${dataset.page} of ${$("#article .article-title")?.textContent}`;
    image.loading = "lazy";
    image.addEventListener("load", () => {
      for (const name of ["data-said", "role", "aria-label"]) place.removeAttribute(name);
    });
    image.addEventListener("error", () => {
      link.remove();
      say("This page cannot be shown.");
    });
    image.src = dataset.address;
    link.append(image);
    place.append(link);
  };
  say("Drawing the page…");
  fill().catch(() => say("This page could not be fetched: is the assistant still running?"));
  return place;
}

function openPage(button, event) {
  if (event.detail > 1) return; // the second of two quick clicks would close it again
  const { address } = button.dataset;
  articleTouched = true;
  const open = pictures.get(address);
  open?.remove();
  if (open) pictures.delete(address);
  else pictures.set(address, picture(button));
  tendPictures();
}

function tendPictures() {
  for (const button of document.querySelectorAll("#article button[data-address]")) {
    const open = pictures.get(button.dataset.address);
    if (open && button.nextElementSibling !== open) button.after(open);
    const expanded = String(Boolean(open));
    if (button.getAttribute("aria-expanded") !== expanded) button.setAttribute("aria-expanded", expanded);
  }
}

/* ---- The quote beside a marker ---- */

const tip = document.getElementById("tip") || document.body.appendChild(document.createElement("div"));
tip.id = "tip";
tip.hidden = true;
tip.setAttribute("role", "tooltip");

function showTip(marker) {
  const quote = document.createElement("q");
  quote.textContent = marker.dataset.quote;
  const from = document.createElement("span");
  const { title, page, support } = marker.dataset;
  from.textContent = [title, page && `page ${page}`, `${support}% support`].filter(Boolean).join(" · ");
  tip.replaceChildren(quote, from);
  tip.hidden = false;
  const box = marker.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.left - 16), innerWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 8 ? above : box.bottom + 8}px`;
}

function hideTip() {
  tip.hidden = true;
}

/* ---- Asking ---- */

const question = () => $("#question textarea");
const running = () => Boolean($("#live-head [data-running]"));

function begin() {
  following = true;
  articleTouched = false;
  chosen = null;
}

let sent = null; // the question that left and has no receipt yet
let lastTyped = ""; // the last one that left the box
let drafts = 0;

/* Nothing more leaves before the last question has its receipt: a second press is not a second question. (A receipt that
   never comes, from a server that went away, is not waited for long.) */
const waiting = () => sent !== null && performance.now() - sent.at < 10_000;

let renewing = null; // a new conversation was asked for and is not here yet: when, and what is to be asked in it

function renew() {
  renewing = { at: performance.now(), held: null };
  write("");
  question()?.focus();
}

function ask(payload, typed = "") {
  if (renewing && performance.now() - renewing.at < 10_000) return (renewing.held = () => ask(payload, typed));
  renewing = null; // what comes so late must not ask this once more
  if (running() || waiting()) return;
  begin();
  showPane("conversation");
  lastTyped = "";
  sent = { draft: `${++drafts}`, typed, at: performance.now() };
  trigger("ask", { payload: { ...payload, draft: sent.draft } });
}

/* The question stays in its box until the server has taken it; an empty one never leaves. */
function askTyped() {
  const text = question().value;
  question().focus();
  if (text.trim()) ask({ question: text }, text);
}

function write(text) {
  question().value = text;
  question().dispatchEvent(new Event("input", { bubbles: true }));
}

let lastReceipt = null;

/* Taken: what was sent leaves the box, not what was typed since. Broken: it comes back, unless another stands there. */
function tendReceipt() {
  const receipt = $("#receipt [data-receipt]")?.dataset;
  if (!receipt || receipt.receipt === lastReceipt) return;
  lastReceipt = receipt.receipt;
  if (receipt.fate === "new") {
    const { held } = renewing ?? {};
    renewing = null;
    sent = null; // whatever its receipt said, it belongs to the conversation before
    return held?.();
  }
  if (receipt.fate === "broken" && lastTyped && !question().value) write(lastTyped);
  if (receipt.fate !== "broken" && receipt.draft !== sent?.draft) return;
  if (receipt.fate === "taken") {
    lastTyped = sent.typed;
    if (lastTyped && question().value.startsWith(lastTyped)) write(question().value.slice(lastTyped.length));
  }
  sent = null;
}

async function copy(button) {
  const label = button.getAttribute("aria-label");
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(button.dataset.markdown);
  } catch {
    said = "The browser did not allow copying";
  }
  button.classList.add("done");
  button.dataset.said = said;
  button.setAttribute("aria-label", said);
  setTimeout(() => {
    button.classList.remove("done");
    button.setAttribute("aria-label", label);
  }, 1600);
}

/* ---- The library ---- */

let searching = 0;
function search(words, after_ms) {
  clearTimeout(searching);
  searching = setTimeout(() => trigger("articles", { payload: { wish: "search", words } }), after_ms);
}

const typed = new Map(); // what stands in a form that a redrawing may take away, by the field's id

const wishes = {
  url: (form) => {
    trigger("articles", { payload: { wish: "url", address: form.elements.address.value.trim() } });
    form.reset();
  },
  text: sendText,
  search: (form) => search(form.elements.words.value, 0),
  rename: (form) => {
    const { article, keep } = form.dataset;
    trigger("articles", { payload: { wish: "rename", article, title: form.elements.title.value } });
    unfold(keep, false);
  },
};

let removing = null; // the article whose removal has no word yet

/* What was removed can be brought back from where the reader is: not the next article be removed. */
function tendUndo() {
  const undo = $("#articles-undo");
  if (removing === null || undo?.dataset.article !== removing) return;
  removing = null;
  undo.focus({ preventScroll: true });
}

/* Show or hide the form under a row. */
function unfold(key, open) {
  opened[open ? "add" : "delete"](key);
  const form = document.getElementById(key);
  if (!open) {
    form?.reset();
    if (form) typed.delete(form.elements.title.id);
    if (form?.contains(document.activeElement)) $(`[data-opens="${CSS.escape(key)}"]`)?.focus();
  }
  keepForms();
  if (open) form?.elements.title.select();
}

const actions = {
  ask: (button) => ask({ question: button.dataset.question }),
  again: (button) => ask({ question: button.dataset.question, again: true }),
  anyway: ({ dataset }) =>
    ask({ question: dataset.question, searched: dataset.searched, again: true, anyway: true }),
  rate: ({ dataset }) =>
    trigger("rate", { payload: { position: Number(dataset.position), opinion: dataset.opinion } }),
  prefer: ({ dataset }) => trigger("prefer", { payload: { position: Number(dataset.position), side: dataset.side } }),
  stock: (button, event) => {
    // The second of two quick clicks would meet what the first one made of the button: Cancel.
    if (event.detail > 1 || button.getAttribute("aria-disabled") === "true") return;
    const { wish, task, name } = button.dataset;
    trigger("stock", { payload: { wish, task, name } });
  },
  articles: (button, event) => {
    const { wish, article } = button.dataset;
    if ((event.detail > 1 && wish !== "more") || button.getAttribute("aria-disabled") === "true") return;
    if (wish === "remove") removing = article;
    trigger("articles", { payload: { wish, article } });
  },
  rename: ({ dataset }) => unfold(dataset.opens, !opened.has(dataset.opens)),
  read: ({ dataset }) => read(dataset.document),
  page: openPage,
  "stop-sending": () => sending?.abort(),
  copy,
};

/* ---- Listeners ---- */

/* An Enter that ends the writing of Japanese is not one that sends (keyCode 229: Safari's way of saying so). */
const sends = (event) =>
  event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229 && event.target === question();

on("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const place = target.closest("[data-cite]");
  if (place) return open(place);
  const tab = target.closest(".pane-switch [data-pane]");
  if (tab) return showPane(tab.dataset.pane);
  if (target.closest("#back")) return goBack();
  if (target.closest(".skip")) {
    event.preventDefault();
    return question()?.focus();
  }
  const button = target.closest("[data-action]");
  if (button && button.tagName === "BUTTON") return actions[button.dataset.action]?.(button, event);
  const details = target.closest("summary")?.parentElement;
  if (details?.dataset.keep) opened[details.open ? "delete" : "add"](details.dataset.keep);
  if (target.closest("#send")) return askTyped();
  if (target.closest("#new")) return renew();
  if (target.closest("#stop")) question()?.focus();
});

on("change", ({ target }) => {
  if (!target.matches?.('select[data-action="again-with"]') || !target.value) return;
  ask({ question: target.dataset.question, again: true, model: target.value });
  target.value = "";
});

on("input", ({ target }) => {
  if (target.matches?.("#articles-search")) search(target.value, 200);
  else if (target.matches?.("form.rename input")) typed.set(target.id, target.value);
});

on("submit", (event) => {
  const own = event.target.closest('form[data-action="articles"]');
  if (own) {
    event.preventDefault();
    return wishes[own.dataset.wish]?.(own);
  }
  const wish = event.target.closest('form[data-action="stock"]');
  if (wish) {
    event.preventDefault();
    return trigger("stock", { payload: { wish: "start", task: wish.dataset.task, name: wish.elements.name.value } });
  }
  const form = event.target.closest('form[data-action="search"]');
  if (!form) return;
  event.preventDefault();
  const searched = form.elements.searched.value.trim();
  opened.delete("searched");
  if (searched) ask({ question: form.dataset.question, searched, again: true });
});

on("keydown", (event) => {
  if (sends(event)) {
    event.preventDefault();
    return askTyped();
  }
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const form = event.target.closest?.("form.rename");
  if (form) return unfold(form.dataset.keep, false);
  if (!tip.hidden) hideTip();
  if ($("#stop")?.offsetParent) return $("#stop").click();
  if (origin && document.activeElement?.closest("#article")) goBack();
});

on("mouseover", (event) => {
  const marker = event.target.closest?.(".cite");
  if (marker) showTip(marker);
  else if (!document.activeElement?.matches(".cite")) hideTip();
});
on("focusin", (event) => {
  lastFocus = { element: event.target, id: event.target.id, row: event.target.closest(".stock > li")?.id };
  const marker = event.target.closest(".cite");
  if (marker && marker.matches(":focus-visible")) showTip(marker);
  else hideTip();
});
on("focusout", hideTip);
on("wheel", (event) => (articleTouched ||= Boolean(event.target.closest?.("#article"))));
on("touchmove", (event) => (articleTouched ||= Boolean(event.target.closest?.("#article"))));

let lastTop = 0;

/* Moved up, and not because the content shrank: the reader reads above. Back at the end: follow again. */
function noteScroll(scroller) {
  const end = scroller.scrollHeight - scroller.clientHeight;
  if (scroller.scrollTop < lastTop - 2) following = false;
  if (end - scroller.scrollTop < 24) following = true;
  lastTop = scroller.scrollTop;
}

on(
  "scroll",
  ({ target }) => {
    if (target.id !== "scroller") return;
    hideTip();
    noteScroll(target);
  },
  true,
);

/* ---- After each redrawing ---- */

/* Follow the answer down, but never push its question out of sight. */
function follow() {
  const scroller = $("#scroller");
  const asked = [...document.querySelectorAll("#scroller .exchange .question")].at(-1);
  if (!scroller || !asked) return;
  noteScroll(scroller); // the browser may not have told of a scroll yet
  if (!following) return;
  const head = asked.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop - 20;
  const target = Math.min(scroller.scrollHeight - scroller.clientHeight, head);
  if (target > scroller.scrollTop) scroller.scrollTop = lastTop = target;
}

function keepDetails() {
  for (const details of document.querySelectorAll("details[data-keep]"))
    if (details.open !== opened.has(details.dataset.keep)) details.open = opened.has(details.dataset.keep);
}

/* A form stays open over a redrawing, with what was typed into it. */
function keepForms() {
  for (const form of document.querySelectorAll("form[data-keep]")) {
    const open = opened.has(form.dataset.keep);
    if (form.hidden === open) form.hidden = !open;
    const button = $(`[data-opens="${CSS.escape(form.dataset.keep)}"]`);
    if (button && button.getAttribute("aria-expanded") !== String(open)) button.setAttribute("aria-expanded", String(open));
    const field = form.elements.title;
    if (typed.has(field.id) && field.value !== typed.get(field.id)) field.value = typed.get(field.id);
  }
}

/* An empty picker of articles says what that means. */
function tendPicker() {
  const field = $("#picked input");
  const says = $("#picked .token") ? "" : "All articles";
  if (field && field.placeholder !== says) field.placeholder = says;
}

/* Focus stays with the marker or button of the same name, or in its row; where that is gone, it goes to the question. */
function keepFocus() {
  if (!lastFocus || document.activeElement !== document.body) return;
  const { element, id, row } = lastFocus;
  if (element.isConnected && element.getClientRects().length) return;
  lastFocus = null;
  const same =
    (id && document.getElementById(id)) ||
    (row && document.getElementById(row)?.querySelector("button"));
  if (same?.getClientRects().length) same.focus({ preventScroll: true });
  else if (!phone.matches) question()?.focus({ preventScroll: true });
}

function tendArticle() {
  const article = $("#article .article");
  if (!article) return;
  const other = article.dataset.document !== shownDocument;
  shownDocument = article.dataset.document;
  if (reading !== null && reading === shownDocument) showRead();
  if (wanted && article.dataset.active === wanted) {
    shownAnswer = article.dataset.answer;
    // What was cited from an article that has changed has no place in it.
    if (!reveal(wanted)) {
      $("#article").scrollTop = 0;
      $("#article .cited-before")?.focus({ preventScroll: true });
    }
    wanted = null;
    return;
  }
  const cited = $("#article mark.cited");
  // Of one answer the likely sentence comes into view first, and then the first one that is cited.
  if (article.dataset.answer !== shownAnswer || (cited && !shownCited)) {
    const first = shownAnswer === null;
    shownAnswer = article.dataset.answer;
    active = null;
    const mark = cited || $("#article mark");
    if (mark && !first && !articleTouched)
      mark.scrollIntoView({ block: "center", behavior: still.matches ? "auto" : "smooth" });
    else if (!mark && !first) $("#article").scrollTop = 0;
  } else if (other) $("#article").scrollTop = 0;
  shownCited = cited !== null;
  emphasise();
}

/* How far a job is comes in by itself, and goes into its row. */
function tendProgress() {
  for (const now of document.querySelectorAll(":is(#models-now, #articles-now) [data-row]")) {
    const place = document.getElementById(now.dataset.row)?.querySelector(".progress");
    if (place && place.innerHTML !== now.innerHTML) place.replaceChildren(...now.cloneNode(true).childNodes);
  }
}

/* The page is mounted piece by piece, in no set order. */
function nameRegions() {
  if ($("#panes:not([data-pane]), #topbar:not([data-pane])")) showPane(pane);
  for (const [id, label] of Object.entries({ scroller: "Conversation", article: "Article" })) {
    const region = document.getElementById(id);
    if (!region || region.hasAttribute("role")) continue;
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", label);
  }
}

/* ---- While time goes by ---- */

const STILL_S = 8; // so long after the server's last word on a wait nobody counts on: it may be gone
const came = new WeakMap(); // when each word on a wait came
let counting = 0;

/* The seconds of a wait are counted here, in place, and the dot beats with them: what the server draws again, or an
   animation, takes the processor from the model that is waited for. */
function tendWaits() {
  const waits = document.querySelectorAll(".heartbeat[data-seconds]");
  for (const wait of waits) if (!came.has(wait)) came.set(wait, performance.now());
  if (waits.length && !counting) counting = setInterval(count, 1000);
  if (!waits.length) counting = clearInterval(counting) ?? 0;
}

function count() {
  for (const wait of document.querySelectorAll(".heartbeat[data-seconds]")) {
    const since = (performance.now() - came.get(wait)) / 1000;
    if (since > STILL_S) continue;
    const seconds = Math.floor(Number(wait.dataset.seconds) + since);
    // The text of a node that stays: nobody takes it for a redrawing.
    if (seconds >= 1) wait.lastChild.firstChild.data = `${wait.dataset.phase} ${seconds} s`;
    if (!still.matches) wait.classList.toggle("beat", seconds % 2 === 1);
  }
}

const NEWS_MS = 3000;
const MORE_NEWS_MS = 500; // where there was news there is more: a job goes on
let known = []; // the last words on the articles and on the models

/* Ask whether there is something new, and only then have it drawn. */
async function listen() {
  let news = false;
  try {
    const reply = document.hidden ? null : await fetch("news", { signal: life.signal });
    const words = reply?.ok ? (await reply.text()).split(" ") : known;
    for (const [index, name] of ["articles_news", "models_news"].entries()) {
      if (words[index] === known[index]) continue;
      news = true;
      trigger(name, { payload: {} });
    }
    known = words;
  } catch {
    // The server went away, or this page does: whoever asks next is told.
  }
  if (!life.signal.aborted) setTimeout(listen, news ? MORE_NEWS_MS : NEWS_MS);
}

const redrawn = new MutationObserver((changes) => {
  if (changes.every(({ target }) => tip.contains(target))) return;
  nameRegions();
  tendReceipt();
  keepDetails();
  keepForms();
  tendPicker();
  tendUndo();
  tendPictures();
  tendArticle();
  tendProgress();
  tendWaits();
  follow();
  keepFocus();
});
redrawn.observe(document.body, {
  childList: true,
  subtree: true,
  attributes: true,
  attributeFilter: ["data-answer", "data-active", "data-document", "data-receipt", "open"],
});
life.signal.addEventListener("abort", () => {
  redrawn.disconnect();
  clearInterval(counting);
});
listen();
nameRegions();
showPane(pane);
