/* What a reader drops, chooses or pastes in the tab of articles comes in here and leaves for the server: files by a request
   each, in rounds of as many as may wait there, and by trigger('articles', {payload}) the wish that they be added.
   Stands behind app.js in one script, and uses its `on`, `$` and `trigger`. */

const ROUND = { files: 50, bytes: 100_000_000 }; // no more files may wait at the server (of bytes, twice as many)
const MOST_FILES = 1000;
const DEEPEST = 20; // folders in folders
const LARGEST = 20_000_000;
const UNREADABLE = "It could not be read: is it gone, or not yours?";

let sending = null; // an AbortController while files are looked for and on their way

/* Do the work of sending one thing at a time; it is given the signal that cancels it. */
async function send(work) {
  if (sending) return trigger("articles", { payload: { wish: "busy" } });
  sending = new AbortController();
  try {
    await work(sending.signal);
  } finally {
    tellSending("");
    sending = null;
  }
}

function tellSending(text) {
  const line = $("#sending");
  if (!line) return;
  line.hidden = !text;
  line.querySelector("span").textContent = text;
}

/* Send one file; return its token, or throw a reason in words. */
async function upload(name, body, signal) {
  let reply;
  try {
    const type = { "content-type": "application/octet-stream" };
    const place = `articles/upload?name=${encodeURIComponent(name)}`;
    reply = await fetch(place, { method: "POST", body, headers: type, signal });
  } catch {
    throw new Error(signal.aborted ? "It was cancelled." : UNREADABLE);
  }
  if (!reply.ok) throw new Error((await lineOf(reply)) || "The assistant did not take it.");
  return (await reply.json()).upload;
}

function wishFiles(part) {
  const none = { uploads: [], refused: [], delivery: "", before: 0, done: 0, of: 0 };
  trigger("articles", { payload: { wish: "files", ...none, ...part } });
}

/* A pasted text may be longer than what a wish may carry: it goes as a file does. */
function sendText(form) {
  return send(async (signal) => {
    const { text, title } = form.elements;
    try {
      const token = await upload("pasted text", text.value, signal);
      trigger("articles", { payload: { wish: "text", upload: token, title: title.value } });
      form.reset();
    } catch (failure) {
      wishFiles({ refused: [{ name: "pasted text", why: failure.message }] });
    }
  });
}

/* ---- Rounds ---- */

const counted = (files) => (files === 1 ? "1 file" : `${files.toLocaleString("en")} files`);

/* Return the files that can be sent; of the others, `refused` gets the reason. */
function sift(files, refused) {
  if (files.length > MOST_FILES) {
    const why = `Only the first ${counted(MOST_FILES)} are added; the command “assistant add FOLDER” takes any number.`;
    refused.push({ name: `More than ${counted(MOST_FILES)}`, why });
  }
  return files.slice(0, MOST_FILES).filter(({ file, path }) => {
    if (file.size > LARGEST) refused.push({ name: path, why: "It has more than 20 MB, the most that can be added." });
    return file.size <= LARGEST;
  });
}

function rounds(files) {
  const made = [];
  let bytes = 0;
  for (const one of files) {
    if (!made.length || made.at(-1).length === ROUND.files || bytes + one.file.size > ROUND.bytes) {
      made.push([]);
      bytes = 0;
    }
    made.at(-1).push(one);
    bytes += one.file.size;
  }
  return made;
}

/* What the server tells of a delivery: nothing before it has begun, and once another one has. */
const told = (delivery) => $(`#articles-now [data-delivery="${delivery}"]`)?.dataset;
const goesOn = (delivery) => told(delivery)?.state === "running";

/* Wait until the server has dealt with so many files of a delivery; return whether it goes on then. */
async function dealtWith(delivery, done) {
  const until = performance.now() + 10_000; // what has not begun by then was not taken, and the reader told why
  while (told(delivery) ? goesOn(delivery) && Number(told(delivery).done) < done : performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 100));
  return goesOn(delivery);
}

/* Send files, each {file, path}, and have them added: all in one adding, but the next round leaves when the last is in. */
async function deliver(given, refused, signal) {
  const files = sift(given, refused);
  if (!files.length) return wishFiles({ refused });
  const delivery = `${Date.now()}-${Math.random()}`;
  let done = 0;
  for (const round of rounds(files)) {
    const before = done;
    const uploads = [];
    for (const { file, path } of round) {
      // From the second round on, the server's own line says how far it is, and its button cancels.
      if (!before) tellSending(`Sending ${done + 1} of ${files.length}…`);
      else if (!goesOn(delivery)) break;
      try {
        uploads.push(await upload(path, file, signal));
      } catch (failure) {
        if (signal.aborted) break;
        refused.push({ name: path, why: failure.message });
      }
      done += 1;
    }
    if (signal.aborted) refused.push({ name: counted(files.length - done), why: "Not sent: it was cancelled." });
    tellSending("");
    wishFiles({ uploads, refused, delivery, before, done, of: signal.aborted ? done : files.length });
    if (signal.aborted || done === files.length || !(await dealtWith(delivery, done))) return;
  }
}

/* ---- Files and folders ---- */

/* What no reader put into a folder, by its name, and whether a file in one is an article: what is hidden or litter, and other
   kinds, are left out, as `assistant add FOLDER` leaves them. */
const isLitter = (name) => [".", "~$", "__MACOSX", "$RECYCLE.BIN", "@eaDir"].some((start) => name.startsWith(start));
function isArticle(name) {
  const suffixes = $("#articles-files").accept.split(",");
  return !isLitter(name) && suffixes.some((suffix) => name.toLowerCase().endsWith(suffix));
}

const withoutArticles = (folder) => ({ name: folder, why: "There is nothing in this folder that can be added." });

/* What a folder holds, by name; a browser gives a hundred at a time. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
    entries.push(...some);
  }
}

/* Find the articles in a folder and all below it. */
async function walk(folder, found, signal, path = folder.name, depth = 1) {
  const entries = await entriesOf(folder).catch(() => null);
  if (!entries || depth > DEEPEST) {
    const why = entries ? `It lies more than ${DEEPEST} folders deep.` : UNREADABLE;
    return found.refused.push({ name: path, why });
  }
  for (const entry of entries) {
    if (signal.aborted || found.files.length > MOST_FILES) return;
    const place = `${path}/${entry.name}`;
    if (entry.isDirectory && !isLitter(entry.name)) await walk(entry, found, signal, place, depth + 1);
    if (!entry.isFile || !isArticle(entry.name)) continue;
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    if (file) found.files.push({ file, path: place });
    else found.refused.push({ name: place, why: UNREADABLE });
  }
}

/* Send what was let go on the page. The items are there only as long as the event: they are read before anything waits. */
function sendDropped({ items }) {
  const dropped = [...items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  return send(async (signal) => {
    const found = { files: [], refused: [] };
    for (const { entry, file } of dropped) {
      if (!entry?.isDirectory) {
        if (file) found.files.push({ file, path: file.name });
        continue;
      }
      tellSending("Looking through the folder…");
      const inside = { files: [], refused: [] };
      await walk(entry, inside, signal);
      if (!inside.files.length && !inside.refused.length) inside.refused.push(withoutArticles(entry.name));
      found.files.push(...inside.files);
      found.refused.push(...inside.refused);
    }
    if (!signal.aborted) await deliver(found.files, found.refused, signal);
  });
}

function sendFiles(chosen) {
  const files = chosen.map((file) => ({ file, path: file.name }));
  return send((signal) => deliver(files, [], signal));
}

/* Send a folder that was chosen: the browser has walked it, and gives every file with its path. */
function sendFolder(chosen) {
  const files = chosen
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ file, path }) => isArticle(file.name) && !path.split("/").slice(1).some(isLitter))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
  const refused = files.length ? [] : [withoutArticles(chosen[0].webkitRelativePath.split("/")[0])];
  return send((signal) => deliver(files, refused, signal));
}

const library = () => $("#articles")?.getClientRects().length;
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/* A file that is let go anywhere must not take the page away: the browser would open it. */
on("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = library() ? "copy" : "none";
  $("#drop")?.classList.toggle("over", Boolean(library()));
}, true);
on("dragleave", (event) => {
  if (!event.relatedTarget) $("#drop")?.classList.remove("over");
}, true);
on("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.stopPropagation();
  $("#drop")?.classList.remove("over");
  if (library()) sendDropped(event.dataTransfer);
}, true);

on("change", ({ target }) => {
  if (!target.matches?.("#articles-files, #articles-folder")) return;
  const chosen = [...target.files];
  target.value = ""; // so that the same can be chosen again
  if (chosen.length) (target.id === "articles-folder" ? sendFolder : sendFiles)(chosen);
});
