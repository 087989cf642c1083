// Ignores a second submit while the first one is running.
document.querySelectorAll("form[data-submit-once]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.ariaBusy === "true") event.preventDefault();
    form.ariaBusy = "true";
  });
});
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-submit-once]").forEach((form) => { form.ariaBusy = null; });
});
