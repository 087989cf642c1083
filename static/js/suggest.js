// Suggest: a field asks for the records whose names hold what is typed. Without this it suggests the first by name.
const PAUSE = 150;
const timers = new Map();

async function suggest(field) {
  const asked = field.value;
  const response = await fetch(`${field.dataset.suggest}?${new URLSearchParams({ q: asked })}`);
  if (!response.ok || response.redirected || field.value !== asked) return;
  const [names] = Object.values(await response.json());
  field.list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), name)));
}

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-suggest]") || !target.value.trim()) return;
  clearTimeout(timers.get(target));
  // What is there already stays when the portal does not answer.
  timers.set(target, setTimeout(() => suggest(target).catch(() => {}), PAUSE));
});
