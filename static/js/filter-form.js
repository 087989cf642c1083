// Filters: applies a choice at once and leaves empty fields out of the address. Without it the Apply button submits.
const form = document.getElementById("filters");
const fields = () => [...form.elements].filter((field) => field.name);

form?.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) form.requestSubmit();
});

form?.addEventListener("submit", () => {
  fields().forEach((field) => { field.disabled = field.value === ""; });
});

// The back-forward cache restores the page with disabled fields.
addEventListener("pageshow", () => {
  if (form) fields().forEach((field) => { field.disabled = false; });
});
