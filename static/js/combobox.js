// One combobox in the place of two fields: one that suggests records, and one that names a new record (the listbox
// pattern of WAI-ARIA). It sends what the two fields would send; without it the page shows them. Without the second
// field it only suggests.
const PAUSE = 150;
// The text of a key is a secret, so no address may hold it (static/js/key-in-search.js).
const KEY = /PSEK[A-Za-z0-9+/_-]{22}/;

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const same = (one, other) => one.trim().toLocaleLowerCase() === other.trim().toLocaleLowerCase();

class Combobox {
  constructor(box) {
    [this.input, this.maker] = box.querySelectorAll("input");
    this.first = [...this.input.list.options].map(({ value, dataset: { name = value, place, keys } }) => ({ value, name, place, keys }));
    this.hint = document.getElementById(`${this.input.id}_helptext`);
    this.help = this.hint.textContent;
    this.hint.setAttribute("aria-live", "polite");
    this.list = element("ul", { id: `${this.input.id}_options`, className: "options", role: "listbox", hidden: true, ariaLabel: box.dataset.combobox });
    this.input.after(this.list);
    this.input.removeAttribute("list");
    Object.assign(this.input, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false", ariaRequired: "true" });
    this.input.setAttribute("aria-controls", this.list.id);
    if (this.maker) {
      this.maker.closest(".field").hidden = true;
      this.takeErrors();
    }
    this.start();
    this.listen();
  }

  // What the fields hold when the page is shown again.
  start() {
    const known = this.first.find(({ value }) => value === this.input.value);
    if (this.maker?.value && !this.input.value) this.choose({ name: this.maker.value, isNew: true });
    else if (known) this.choose(known);
  }

  // Errors of the hidden field are shown at the combobox.
  takeErrors() {
    const errors = document.getElementById(`${this.maker.id}_error`);
    if (!errors) return;
    this.input.before(errors);
    this.input.ariaInvalid = "true";
    this.input.setAttribute("aria-describedby", `${this.hint.id} ${errors.id}`);
    document.querySelector(`#error-summary a[href="#${this.maker.id}"]`)?.setAttribute("href", `#${this.input.id}`);
  }

  listen() {
    this.input.addEventListener("input", () => this.type());
    this.input.addEventListener("keydown", (event) => this.press(event));
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("blur", () => this.leave());
    // The focus stays in the field.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.choose(this.options[[...this.list.children].indexOf(option)]);
    });
    this.input.form.addEventListener("formdata", ({ formData }) => {
      formData.set(this.input.name, this.chosen?.isNew ? "" : this.chosen?.value ?? this.input.value);
      if (this.maker) formData.set(this.maker.name, this.chosen?.isNew ? this.chosen.name : "");
    });
  }

  type() {
    this.chosen = null;
    this.hint.textContent = this.help;
    clearTimeout(this.timer);
    const typed = this.input.value.trim();
    this.show(this.matching(typed));
    if (typed) this.timer = setTimeout(() => this.suggest(typed), PAUSE);
  }

  async suggest(typed) {
    if (KEY.test(typed.replace(/\s+/g, ""))) return;
    const answer = await this.ask(typed).catch(() => null);
    // If the portal does not answer, those of the first ones that match are shown.
    const found = answer ?? this.matching(typed);
    if (this.input.value.trim() !== typed || document.activeElement !== this.input) return;
    if (answer?.length === 0 && !this.maker) this.hint.textContent = "No group found. Create it below, or type another part of its name.";
    const isKnown = found.some(({ name }) => same(name, typed));
    this.show(isKnown || !this.maker ? found : [...found, { name: typed, isNew: true }]);
  }

  matching(typed) {
    return this.first.filter(({ name }) => name.toLocaleLowerCase().includes(typed.toLocaleLowerCase()));
  }

  async ask(typed) {
    const response = await fetch(`${this.input.dataset.suggest}?${new URLSearchParams({ q: typed })}`);
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    const [found] = Object.values(await response.json());
    return found.map(({ value, label: name = value, place, keys }) => ({ value, name, place, keys }));
  }

  open() {
    if (!this.list.hidden) return;
    if (this.input.value.trim() && !this.chosen) this.suggest(this.input.value.trim());
    else this.show(this.first);
  }

  show(options) {
    this.options = options;
    this.list.replaceChildren(...options.map((option, index) => this.row(option, index)));
    this.point(-1);
    // A name that is typed in full leaves nothing to choose.
    const isDone = options.length === 1 && !options[0].isNew && same(options[0].name, this.input.value);
    this.list.hidden = isDone || !options.length;
    this.input.ariaExpanded = String(!this.list.hidden);
  }

  row({ name, place, keys, isNew }, index) {
    const text = element("span", { dir: "auto" }, isNew ? `Create “${name}”` : name);
    const row = element("li", { id: `${this.list.id}_${index}`, role: "option", className: isNew ? "create" : "" }, text);
    for (const about of [place, keys]) if (about) row.append(element("span", { className: "muted", dir: "auto" }, about));
    return row;
  }

  // The option that the arrow keys have reached; -1 is the field itself.
  point(index) {
    this.at = index;
    [...this.list.children].forEach((row, number) => { row.ariaSelected = String(number === index); });
    const row = this.list.children[index];
    if (row) this.input.setAttribute("aria-activedescendant", row.id);
    else this.input.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  }

  press(event) {
    const isOpen = !this.list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (!isOpen) return this.open();
      const rows = this.list.children.length;
      // One place more than rows: the field.
      if (!event.altKey) this.point((this.at + 1 + step + rows + 1) % (rows + 1) - 1);
      else if (step < 0) this.close();
    } else if (isOpen && event.key === "Enter" && this.at >= 0) {
      event.preventDefault();
      this.choose(this.options[this.at]);
    } else if (isOpen && event.key === "Escape") {
      event.preventDefault();
      this.close();
    }
  }

  choose(option) {
    this.chosen = option;
    this.input.value = option.name;
    this.hint.textContent = option.isNew ? `The new group “${option.name}” is created with the key.` : this.help;
    this.close();
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.input.ariaExpanded = "false";
    this.point(-1);
  }

  // A name that was typed in full is chosen, in the record's own spelling.
  leave() {
    const typed = this.options?.find(({ name, isNew }) => !isNew && same(name, this.input.value));
    if (typed && !this.chosen) this.choose(typed);
    this.close();
  }
}

document.querySelectorAll("[data-combobox]").forEach((box) => new Combobox(box));
