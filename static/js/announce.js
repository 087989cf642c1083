// The toast, a live region. Modules dispatch "say" with a text; buttons with data-say show why they are disabled.
const region = document.getElementById("say");
let timer;

document.addEventListener("say", (event) => {
  region.textContent = event.detail;
  clearTimeout(timer);
  timer = setTimeout(() => { region.textContent = ""; }, 6000);
});

document.addEventListener("click", (event) => {
  const refused = event.target.closest("[data-say]");
  if (refused) document.dispatchEvent(new CustomEvent("say", { detail: refused.dataset.say }));
});
