/* The form that makes an eval case: catches its buttons in the conversation and the article, and reads what is selected
   in the article. Runs as the load script of a hidden Gradio component, which provides `trigger`. */

window.evalCase?.abort();
const life = (window.evalCase = new AbortController());
const on = (type, listener) => document.addEventListener(type, listener, { signal: life.signal });
const $ = (selector) => document.querySelector(selector);

let picked = null; // what is selected in the article: {document, text, before}
let wasOpen = false;

/* On a phone the form and the article are never in sight together: this button stands over the article. */
const float = document.getElementById("case-float") || document.body.appendChild(document.createElement("button"));
float.id = "case-float";
float.type = "button";
float.textContent = "Add selection as evidence";
float.dataset.case = "pick";
float.hidden = true;

const isOpen = () => Boolean($("#case"));
const letters = (text) => [...text.replace(/\s/g, "")].length;

function readSelection() {
  const selection = document.getSelection();
  const text = $("#article .article-text");
  if (!text || !selection.rangeCount) return;
  const range = selection.getRangeAt(0);
  // What is selected in the form, while writing there, does not undo what was selected in the article.
  if (!$("#article").contains(range.commonAncestorContainer)) return;
  if (selection.isCollapsed) picked = null;
  else {
    const lead = document.createRange();
    lead.selectNodeContents(text);
    const inside = text.contains(range.startContainer);
    if (inside) lead.setEnd(range.startContainer, range.startOffset);
    const before = inside ? letters(lead.toString()) : 0;
    picked = { document: text.closest(".article").dataset.document, text: range.toString(), before };
  }
  float.hidden = !(picked && isOpen());
}

function pick() {
  trigger("pick", { payload: picked ?? {} });
  picked = null;
  float.hidden = true;
  document.getSelection().removeAllRanges();
  const back = $('.pane-switch [data-pane="conversation"]');
  if (back?.getClientRects().length) back.click();
}

on("selectionchange", readSelection);

on("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button) return;
  if (button.dataset.action === "feedback") return trigger("open", { payload: { position: Number(button.dataset.position) } });
  if (button.dataset.case === "pick") return pick();
  if (button.dataset.case === "drop") return trigger("drop", { payload: { place: Number(button.dataset.place) } });
});

/* The form opens with its question at hand (its parts are mounted one by one), and leaves the focus in the chat. */
const redrawn = new MutationObserver(() => {
  const field = $("#case-question textarea");
  if (Boolean(field) === wasOpen) return;
  wasOpen = Boolean(field);
  if (field) return field.focus();
  float.hidden = true;
  $("#question textarea")?.focus();
});
redrawn.observe(document.body, { childList: true, subtree: true });
life.signal.addEventListener("abort", () => redrawn.disconnect());
