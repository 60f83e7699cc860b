// The page works without this script; it adds what happens by itself. Text that
// a sender wrote is only ever set as text, or comes escaped from the server.
"use strict";

const maxRows = 500;
const byId = (id) => document.getElementById(id);

// swap replaces the elements with these ids by those of another page.
function swap(html, ids) {
  const other = new DOMParser().parseFromString(html, "text/html");
  for (const id of ids) {
    const fresh = other.getElementById(id), old = byId(id);
    if (fresh && old) old.replaceWith(document.adoptNode(fresh));
  }
  prepare();
}

async function load(url, options = {}) {
  const response = await fetch(url, { ...options, headers: { "X-Partial": "1" } });
  return { url: response.url, html: await response.text() };
}

// Details of a delivery.

async function open(url, push) {
  const page = await load(url);
  swap(page.html, ["detail"]);
  if (push) history.pushState(null, "", page.url);
  select();
  byId("detail").scrollTop = 0;
  byId("detail").focus({ preventScroll: true });
}

// select marks the delivery that is shown.
function select() {
  const shown = location.pathname.match(/^\/deliveries\/(\d+)$/);
  byId("main").classList.toggle("open", Boolean(shown));
  for (const old of document.querySelectorAll("#deliveries .selected")) {
    old.classList.remove("selected");
    old.firstElementChild.removeAttribute("aria-current");
  }
  const row = shown && byId("row-" + shown[1]);
  if (row) {
    row.classList.add("selected");
    row.firstElementChild.setAttribute("aria-current", "true");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link && document.body.dataset.tab === "incoming" && link.pathname.match(/^\/(deliveries\/\d+)?$/) &&
      !link.closest("nav") && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    open(link.href, true);
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard.writeText(copy.parentElement.querySelector("pre").textContent).then(
      () => say("Copied."), () => say("The browser did not allow copying."));
  }
});

addEventListener("popstate", () => open(location.href, false));

// Forms replace the part of the page that they are about.

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-swap]");
  if (!form) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  form.setAttribute("aria-busy", "true");
  const page = await load(form.action, { method: "POST", body });
  if (document.body.dataset.tab === "outgoing") {
    if (form.dataset.swap === "runs") return;
    const at = document.querySelector(".compose").scrollTop;
    swap(page.html, ["compose", "runs"]);
    document.querySelector(".compose").scrollTop = at;
  } else {
    swap(page.html, ["detail"]);
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// Arrow keys move through the list.
document.addEventListener("keydown", (event) => {
  const row = event.target.closest("#deliveries li");
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!row || !step) return;
  let to = row[step];
  while (to && to.hidden) to = to[step];
  if (to) {
    event.preventDefault();
    to.firstElementChild.focus();
  }
});

// Deliveries that arrive.

function fill(item, row) {
  item.id = "row-" + row.id;
  const link = item.firstElementChild;
  link.setAttribute("href", "/deliveries/" + Number(row.id));
  const [time, provider, type, size, verdict] = link.children;
  time.dateTime = row.at;
  time.textContent = row.time;
  provider.textContent = row.provider;
  type.textContent = row.type;
  size.textContent = row.size;
  verdict.textContent = row.verdict;
  verdict.className = "verdict " + (["good", "bad"].includes(row.class) ? row.class : "open");
  filterOne(item);
}

function arrive({ rows, oldest, reset }) {
  const list = byId("deliveries");
  if (!list) return;
  if (reset) list.replaceChildren();
  const fresh = document.createDocumentFragment();
  let added = 0;
  for (const row of rows) {
    let item = byId("row-" + row.id);
    if (!item) {
      item = byId("row").content.firstElementChild.cloneNode(true);
      fresh.prepend(item);
      added++;
    }
    fill(item, row);
  }
  list.prepend(fresh);
  while (list.lastElementChild && (list.children.length > maxRows || Number(list.lastElementChild.id.slice(4)) < oldest)) {
    list.lastElementChild.remove();
  }
  byId("empty").hidden = list.children.length > 0;
  select();
  if (added) say(added === 1 ? "1 new delivery" : added + " new deliveries");
}

function say(text) { byId("live").textContent = text; }

async function refreshRuns() {
  if (document.body.dataset.tab === "outgoing") {
    const open = new Set([...document.querySelectorAll("#runs details[open]")].map((d) => d.closest("article").querySelector("h3").textContent));
    const page = await load("/outgoing");
    swap(page.html, ["runs"]);
    for (const article of document.querySelectorAll("#runs article")) {
      const details = article.querySelector("details");
      if (details && open.has(article.querySelector("h3").textContent)) details.open = true;
    }
  }
}

const events = new EventSource("/events?rev=" + encodeURIComponent(document.body.dataset.rev));
events.addEventListener("deliveries", (event) => arrive(JSON.parse(event.data)));
events.addEventListener("runs", refreshRuns);
events.onerror = () => say("Not connected; trying again.");
events.onopen = () => say("");

// The filter hides rows.

function filterOne(item) {
  const wanted = byId("filter").value.trim().toLowerCase();
  item.hidden = wanted !== "" && !item.textContent.toLowerCase().includes(wanted);
}

document.addEventListener("input", (event) => {
  if (event.target.id === "filter") for (const item of byId("deliveries").children) filterOne(item);
});

// prepare shows what only works with this script, and hides what it replaces.
function prepare() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  for (const button of document.querySelectorAll(".choose button")) button.hidden = true;
}
prepare();
if (document.body.dataset.tab === "incoming") select();
