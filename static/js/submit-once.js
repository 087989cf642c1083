// A second press of the button while the first is under way does nothing.
document.querySelectorAll("form[data-submit-once]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.ariaBusy === "true") event.preventDefault();
    form.ariaBusy = "true";
  });
});
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-submit-once]").forEach((form) => { form.ariaBusy = null; });
});
