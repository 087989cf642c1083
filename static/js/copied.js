// Labels a button "Copied" for two seconds. Modules dispatch "copied" on the button.
const timers = new Map();

function rename(button) {
  const label = button.getAttribute("aria-label");
  const text = button.querySelector("span");
  const words = text && [...text.childNodes];
  button.dataset.done = "";
  if (label) button.setAttribute("aria-label", "Copied");
  text?.replaceChildren("Copied");
  return () => {
    delete button.dataset.done;
    if (label) button.setAttribute("aria-label", label);
    text?.replaceChildren(...words);
  };
}

document.addEventListener("copied", ({ target: button }) => {
  const { timer, back } = timers.get(button) ?? { back: rename(button) };
  clearTimeout(timer);
  timers.set(button, { back, timer: setTimeout(() => { timers.delete(button); back(); }, 2000) });
});
