// The last page of the wizard: shows machines as they enroll. It asks while the page is visible, for ten minutes after the
// last one appeared; the button Check asks at once. Asking does not make the session last.
const EVERY = 3000;
const AT_MOST = 10 * 60 * 1000;
const section = document.querySelector("[data-wait]");
const title = section.querySelector("h2");
const how = section.querySelector("[data-how]");
const list = document.getElementById("enrolled");
const refusal = document.getElementById("refused");
const blank = document.getElementById("enrolled-edge");
let until = Date.now() + AT_MOST;
let timer;

function row({ name, url }) {
  const made = blank.content.firstElementChild.cloneNode(true);
  made.dataset.name = name;
  made.querySelector("a").href = url;
  made.querySelector("bdi").textContent = name;
  return made;
}

let refusedBefore = 0;

function show({ edges, count, refused }) {
  refusal.hidden = !refused.id;
  refusal.textContent = refused.words ?? "";
  if (refused.id && refused.id !== refusedBefore) {
    document.dispatchEvent(new CustomEvent("announce", { detail: refused.words }));
    refusedBefore = refused.id;
    until = Date.now() + AT_MOST;
  }

  // The newest stands first.
  for (const edge of edges.toReversed()) {
    let item = [...list.children].find(({ dataset }) => dataset.name === edge.name);
    if (!item) {
      item = row(edge);
      list.prepend(item);
      document.dispatchEvent(new CustomEvent("announce", { detail: `${edge.name} ${edge.words}` }));
      until = Date.now() + AT_MOST;
    }
    const words = item.querySelector("[data-words]");
    if (words.textContent !== edge.words) words.textContent = edge.words;
  }
  if (count) title.textContent = count === 1 ? "1 edge enrolled" : `${count} edges enrolled`;
}

function wait() {
  clearTimeout(timer);
  if (document.hidden) return;
  const isOver = Date.now() > until;
  how.textContent = isOver ? "This page stopped checking. Press Check to go on." : "This page checks every 3 seconds.";
  if (!isOver) timer = setTimeout(ask, EVERY);
}

async function ask() {
  clearTimeout(timer);
  try {
    const response = await fetch(section.dataset.wait, { cache: "no-store", headers: { Accept: "application/json" } });
    if (response.status >= 400 && response.status < 500) {
      how.textContent = response.status === 401 ? "You are signed out. Sign in again to see new edges." : "This page can't check any more. Reload it.";
      return;
    }
    if (response.ok) show(await response.json());
  } catch {
    // The portal does not answer now: it is asked again.
  }
  wait();
}

section.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  until = Date.now() + AT_MOST;
  ask();
});
document.addEventListener("visibilitychange", () => { if (document.hidden) clearTimeout(timer); else ask(); });
wait();
