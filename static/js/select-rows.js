// Selected rows: the box in the head selects the page, the bar counts. Without it each row's own box works.
const rows = () => [...document.querySelectorAll("#rows input[name=row]:enabled")];
const page = () => document.getElementById("select-page");
const everything = () => document.querySelector("#bulk-form [name=all]");

function show() {
  const head = page();
  const count = document.getElementById("bulk-count");
  if (!head || !count) return;
  const boxes = rows();
  const selected = boxes.filter((box) => box.checked).length;
  head.checked = selected > 0 && selected === boxes.length;
  head.indeterminate = selected > 0 && selected < boxes.length;
  const number = everything()?.checked ? Number(count.dataset.all) : selected;
  count.textContent = `${number.toLocaleString("en")} ${number === 1 ? count.dataset.noun : count.dataset.nouns} selected`;
}

document.addEventListener("change", ({ target }) => {
  if (target.id === "select-page") {
    rows().forEach((box) => { box.checked = target.checked; });
    if (!target.checked && everything()) everything().checked = false;
  } else if (target === everything() && target.checked) {
    rows().forEach((box) => { box.checked = true; });
  } else if (target.name === "row" && !target.checked && everything()) {
    // What is left out by hand is not "all".
    everything().checked = false;
  } else if (target.name !== "row" && target !== everything()) {
    return;
  }
  show();
});

addEventListener("pageshow", show);
document.addEventListener("list-shown", show);
