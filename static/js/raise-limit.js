// Raises the limit of a key in the list: the form of the Warning's panel, and a panel for the number of each row.
// Without it a link leads to the edit page.
const panel = document.getElementById("raise-limit");
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

// An error with the detail of the portal's problem document (RFC 9457), or without one for other failures.
async function refusal(response) {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  return Object.assign(new Error(String(response.status)), { detail: isProblem ? (await response.json()).detail : "" });
}

async function save(form) {
  const body = new FormData(document.getElementById("row-actions"));
  body.set("max_uses", form.elements.max_uses.value);
  const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!response.ok || response.redirected) throw await refusal(response);
  announce((await response.json()).message);
  form.closest("[popover]").hidePopover();
  document.dispatchEvent(new CustomEvent("show-list", { detail: location.href }));
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-raise]");
  if (!form) return;
  event.preventDefault();
  const mistake = form.querySelector(".errorlist");
  try {
    await save(form);
  } catch (error) {
    mistake.textContent = error.detail || "The limit could not be saved. Reload the page and try again.";
  }
});

// The number of a row: its panel is the one of the page, with the values of the row.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-limit]");
  if (!panel?.showPopover || !link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const form = panel.querySelector("form");
  form.action = link.dataset.limit;
  form.elements.max_uses.min = form.elements.max_uses.value = Number(link.textContent.replace(/\D/g, "")) + 1;
  panel.querySelector("[data-name]").textContent = link.dataset.name;
  panel.querySelector("a").href = link.href;
  panel.showPopover({ source: link });
});

document.addEventListener("toggle", ({ target, newState }) => {
  if (newState !== "open") return;
  const form = target.querySelector?.("[data-raise]");
  if (!form) return;
  form.querySelector(".errorlist").textContent = "";
  form.elements.max_uses.select();
}, true);

// On a key's page: the number is ready to be typed over once somebody opens the form.
document.querySelector(".raise-limit")?.addEventListener("toggle", ({ target }) => {
  if (target.open && target.contains(document.activeElement)) target.querySelector("[name=max_uses]").select();
});
