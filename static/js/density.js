// The density button changes the page at once and saves the choice in the background. The form does the same with a reload.
const form = document.getElementById("density-form");
const button = form?.querySelector("button");
const root = document.documentElement;

function show(density) {
  root.dataset.density = density;
  button.setAttribute("aria-pressed", String(density === "compact"));
  button.value = density === "compact" ? "comfortable" : "compact";
}

async function keep(body) {
  const response = await fetch(form.action, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
    keepalive: true,
  });
  if (!response.ok) throw new Error(String(response.status));
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const before = root.dataset.density;
  const body = new FormData(form, button);
  show(button.value);
  try {
    await keep(body);
  } catch {
    show(before);
    document.dispatchEvent(new CustomEvent("announce", { detail: "The density could not be saved. Reload the page and try again." }));
  }
});
