// Suggests records whose names contain the typed text. Without it the field suggests the first ones by name.
const PAUSE = 150;
const timers = new Map();

async function suggest(field) {
  const typed = field.value;
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
