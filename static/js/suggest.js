// Suggests records whose names contain the typed text. Without it the field suggests the first ones by name.
const PAUSE = 150;
// The text of a key is a secret, so no address may hold it (static/js/key-in-search.js).
const KEY = /PSEK[A-Za-z0-9+/_-]{22}/;
const timers = new Map();

async function suggest(field) {
  const typed = field.value;
  if (KEY.test(typed.replace(/\s+/g, ""))) return;
  const response = await fetch(`${field.dataset.suggest}?${new URLSearchParams({ q: typed })}`);
  if (!response.ok || response.redirected || field.value !== typed) return;
  const [names] = Object.values(await response.json());
  field.list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), name)));
}

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-suggest]") || !target.value.trim()) return;
  clearTimeout(timers.get(target));
  // If the portal does not answer, the old suggestions stay.
  timers.set(target, setTimeout(() => suggest(target).catch(() => {}), PAUSE));
});
