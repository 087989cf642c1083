// Filters: a choice applies at once, and what is empty stays out of the address. Without this, Apply does both.
const form = document.getElementById("filters");
const fields = () => [...form.elements].filter((field) => field.name);

form?.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) form.requestSubmit();
});

form?.addEventListener("submit", () => {
  fields().forEach((field) => { field.disabled = field.value === ""; });
});

// The page may come back from the back-forward cache.
addEventListener("pageshow", () => {
  if (form) fields().forEach((field) => { field.disabled = false; });
});
