// The page: files in, answers out. All text is set as text, never as HTML.

import { Plot, pointsOf } from "./plot.js";

const $ = (id) => document.getElementById(id);
const plot = new Plot($("plot"), $("readout"));
const references = new Map();
const files = [], entries = [];
let current = null, round = 0, busy = 0, stopping = new AbortController();

function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null).map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

const percent = (p) => `${(100 * p).toFixed(p > 0 && p < 0.1 ? 1 : 0)}%`;
const fixed = (value, digits = 1) => (value == null ? "" : value.toFixed(digits));

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer; start `raman-pipeline page` again");
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw Object.assign(new Error(said.error ?? `the server answered ${response.status}`), { status: response.status });
}

// ---- files and their list

function words(file, more = {}) {
  const chosen = new URLSearchParams({ name: file.name, ...more });
  for (const [key, value] of new FormData($("options"))) if (value !== "") chosen.append(key, value);
  return chosen;
}

const accepting = (names) => (names?.length ? { accept: names.join(",") } : {});

async function upload(file, more) {
  const { signal } = stopping;
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error(`${file.name}: cannot be read; drop files, no folders, and drop a file again once it has changed`);
  }
  return ask(`/api/identify?${words(file, more)}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" }, signal });
}

async function identify(added) {
  const mine = round;
  for (const [i, file] of added.entries()) {
    if (mine !== round) return;
    busy += 1;
    progress(`${file.name}: ${i + 1} of ${added.length} …`);
    let found;
    try {
      found = await (await upload(file)).json();
    } catch (error) {
      if (error.status === 400 && mine === round) {
        // What is wrong with the settings is wrong for all files.
        stop();
        $("settings").open = true;
        fail("These settings cannot be used", error.message);
        return;
      }
      found = { spectra: [{ file: file.name, error: error.message }], left_out: 0 };
    }
    if (mine !== round) return;
    busy -= 1;
    found.spectra.forEach((data) => enter(file, data));
    if (found.left_out) enter(file, { file: file.name, error: `${file.name}: ${found.left_out} more spectra; identify them at the command line, a map with raman-pipeline identify FILE --map FOLDER` });
  }
  if (mine === round && !busy) progress("");
}

function progress(text) {
  $("progress").textContent = text;
  $("work").hidden = !text;
}

const namesOf = (found) => found.minerals.map((m) => m.name);

function saidOf(data) {
  if (data.error) return data.error;
  if (data.accepted) return `${namesOf(data.accepted).join(" + ")}, left ${percent(data.accepted.left)}`;
  return `${data.unknown ? "unknown" : data.minerals[0].name}, ${percent(data.unknown ? 1 - data.in_library_probability : data.minerals[0].probability)}`;
}

function enter(file, data) {
  const number = data.file === file.name ? 1 : Number(data.file.match(/#(\d+)$/)?.[1]);
  const entry = { file, data, number };
  const said = saidOf(data);
  entry.button = make("button", { type: "button", title: said, onclick: () => choose(entry) },
    make("span", { class: "name" }, data.file), make("span", { class: data.error || data.unknown ? "said bad" : "said" }, said));
  entries.push(entry);
  $("list").append(make("li", {}, entry.button));
  $("list-head").hidden = false;
  $("count").textContent = `${entries.length} ${entries.length === 1 ? "result" : "results"}`;
  if (entries.length === 1) choose(entry);
}

function choose(entry) {
  current = entry;
  for (const one of entries) one.button.setAttribute("aria-current", one === entry);
  if (entry.data.error) fail(entry.data.file, entry.data.error);
  else showAnswer(entry);
}

function clear() {
  stop();
  entries.length = 0;
  $("list").replaceChildren();
  $("list-head").hidden = true;
  state("empty");
}

function stop() {
  round += 1;
  busy = 0;
  stopping.abort();
  stopping = new AbortController();
  progress("");
}

function add(list) {
  const added = [...list];
  if (!added.length) return;
  files.push(...added);
  identify(added);
}

function state(which) {
  for (const id of ["empty", "error", "shown"]) $(id).hidden = id !== which;
}

function fail(title, message) {
  $("error").replaceChildren(make("h2", {}, title), make("p", {}, message));
  if (message.includes("--")) $("error").append(make("p", { class: "soft" }, "What is written with -- is a field of “Known elements, filters and settings”."));
  state("error");
}

// ---- an answer

async function reference(id) {
  if (!references.has(id)) references.set(id, await (await ask(`/api/reference/${encodeURIComponent(id)}`)).json());
  return references.get(id);
}

async function showAnswer(entry) {
  const { data } = entry;
  entry.picked ??= { mineral: 0 };
  $("title").textContent = data.file;
  const best = data.minerals[0];
  $("verdict").replaceChildren(
    make("strong", {}, data.unknown ? "Unknown" : `${best.name} ${percent(best.probability)}`),
    ` · the mineral${data.accepted ? " of the rest" : ""} is in the library with probability ${percent(data.in_library_probability)}`);
  $("warnings").replaceChildren(...data.warnings.map((w) => make("p", { class: "warning" }, w.text)));
  for (const one of document.querySelectorAll(".of-query")) one.hidden = false;
  $("details").replaceChildren(accepted(entry), minerals(entry), mixtures(entry), peaks(entry), how(entry));
  state("shown");
  await curves(entry, false);
}

async function curves(entry, keepRange) {
  const { data, picked } = entry;
  const list = [];
  if ($("raw").checked) list.push({ kind: "raw", label: "raw, as in the file", points: data.raw.cm1.map((x, i) => [x, data.raw.intensity[i]]) });
  list.push({ kind: "query", label: `${data.file}, ${data.accepted ? `less ${namesOf(data.accepted).join(", ")}` : "processed"}`, points: pointsOf(data.curve) });
  try {
    if (picked.mixture != null) list.push(await mixed(data.mixtures[picked.mixture]));
    const order = picked.mixture != null ? [] : [picked.mineral, ...data.minerals.keys()].filter((m, i, all) => all.indexOf(m) === i).slice(0, 3);
    for (const m of order) {
      const near = data.minerals[m].nearest[0], found = await reference(near.id);
      list.push({ kind: "reference", label: `${data.minerals[m].name} ${near.rruff_id}, similarity ${fixed(near.similarity, 3)}`, points: pointsOf(found.curve) });
    }
  } catch (error) {
    if (current === entry) fail(data.file, error.message);
    return;
  }
  if (current !== entry || entry.picked !== picked) return;
  plot.show(list, picked.mixture != null ? [] : data.minerals[picked.mineral].peak_table.peaks, keepRange);
}

async function mixed(mixture) {
  const parts = await Promise.all(mixture.components.map((c) => reference(c.id)));
  const sum = parts[0].curve.values.map((_, i) => parts.reduce((total, part, k) => total + (part.curve.values[i] ?? 0) * mixture.components[k].fraction, 0));
  const top = sum.reduce((a, b) => Math.max(a, b), 1e-9);
  const label = mixture.components.map((c) => `${percent(c.fraction)} ${c.name}`).join(" + ");
  return { kind: "reference", label: `${label}, fit ${fixed(mixture.fit, 3)}`, points: pointsOf({ ...parts[0].curve, values: sum.map((y) => y / top) }) };
}

function pickable(row, selected, action) {
  row.className = `${row.className} pick`;
  row.tabIndex = 0;
  row.setAttribute("aria-current", selected);
  row.addEventListener("click", (event) => { if (!event.target.closest("a, button")) action(); });
  row.addEventListener("keydown", (event) => {
    if (event.target !== row || ![" ", "Enter"].includes(event.key)) return;
    event.preventDefault();
    action();
  });
  return row;
}

function pick(entry, picked) {
  const focused = document.activeElement, id = focused.closest("table")?.id, at = focused.rowIndex;
  entry.picked = picked;
  $("details").replaceChildren(accepted(entry), minerals(entry), mixtures(entry), peaks(entry), how(entry));
  if (id) $(id)?.rows[at]?.focus();
  curves(entry, true);
}

const table = (id, head, rows) => make("div", { class: "wide" }, make("table", { id },
  make("thead", {}, make("tr", {}, ...head.map(([text, n]) => make("th", { class: { 1: "n", 2: "only-wide" }[n] }, text)))), make("tbody", {}, ...rows)));

function link(near) {
  return near.url ? make("a", { href: near.url, target: "_blank", rel: "noopener" }, near.rruff_id) : near.rruff_id;
}

async function accept(entry, names) {
  progress(`${entry.data.file} …`);
  try {
    const found = await (await upload(entry.file, accepting(names))).json();
    const data = found.spectra.find((one) => one.file === entry.data.file);
    if (!data || data.error) throw new Error(data?.error ?? `${entry.data.file}: no answer`);
    Object.assign(entry, { accepted: names, data, picked: undefined });
    const said = entry.button.querySelector(".said");
    said.textContent = entry.button.title = saidOf(data);
    said.classList.toggle("bad", data.unknown && !data.accepted);
    if (current === entry) showAnswer(entry);
  } catch (error) {
    if (current === entry && error.name !== "AbortError") fail(entry.data.file, error.message);
  }
  if (!busy) progress("");
}

function accepted(entry) {
  const found = entry.data.accepted;
  if (!found) return make("section");
  const parts = found.minerals.map((m) => `${percent(m.share)} ${m.name} (${m.rruff_id})`).join(" + ");
  return make("section", { id: "accepted" }, make("h3", {}, "Accepted"), make("p", {}, `${parts}; left ${percent(found.left)}; of the spectrum ${percent(found.unexplained)} is unexplained. `,
    make("button", { type: "button", onclick: () => accept(entry, entry.accepted.slice(0, -1)) }, "Take the last one back")),
  make("p", { class: "soft" }, "Plot and tables are of the rest. Probabilities were calibrated on whole spectra."));
}

function minerals(entry) {
  const { data, picked } = entry;
  const acceptButton = (name) => make("button", { type: "button", title: `Subtract ${name} and search the rest`, onclick: () => accept(entry, [...(entry.accepted ?? []), name]) }, "accept");
  const row = (name, p, near, button) => make("tr", {}, make("td", {}, name), make("td", {}, ...(button ? [button] : [])), make("td", { class: "n" }, percent(p)), make("td", { class: "only-wide bar-cell" }, bar(p)), make("td", {}, ...near));
  const rows = data.minerals.map((m, i) => {
    const near = m.nearest.flatMap((n, k) => [k ? ", " : "", link(n), ` (${fixed(n.similarity, 3)}${n.also_named.length ? `; also named ${n.also_named.join(", ")}` : ""})`]);
    return pickable(row(m.name, m.probability, near, acceptButton(m.name)), picked.mixture == null && picked.mineral === i, () => pick(entry, { mineral: i }));
  });
  rows.push(row("unknown: not in the library", 1 - data.in_library_probability, [], null));
  return make("section", {}, make("h3", {}, "Minerals"), table("minerals", [["mineral"], ["is in it"], ["probability", 1], ["", 2], ["nearest specimens (similarity)"]], rows));
}

function bar(p) {
  const made = make("span", { class: "bar" });
  made.style.width = `${Math.round(80 * p)}px`;
  return made;
}

function mixtures(entry) {
  const { data, picked } = entry;
  if (!data.mixtures.length) return make("section");
  const rows = data.mixtures.map((m, i) => pickable(
    make("tr", {}, make("td", {}, m.components.map((c) => `${percent(c.fraction)} ${c.name} (${c.rruff_id})`).join(" + ")), make("td", { class: "n" }, fixed(m.fit, 3))),
    picked.mixture === i, () => pick(entry, { mineral: 0, mixture: i })));
  return make("section", {}, make("h3", {}, "Possible mixtures"), table("mixtures", [["parts"], ["fit", 1]], rows),
    make("p", { class: "soft" }, "Parts are of the heights of the strongest bands, not of mass."));
}

function peaks(entry) {
  const mineral = entry.data.minerals[entry.picked.mineral], found = mineral.peak_table;
  const counts = Object.entries(found.counts).map(([s, n]) => `${n} ${s}`).join(", ");
  const shift = found.median_shift_cm1 == null ? "" : `; median shift ${found.median_shift_cm1 > 0 ? "+" : ""}${fixed(found.median_shift_cm1)} cm⁻¹`;
  const rows = found.peaks.map((p) => {
    const cells = [p.query_cm1, p.query_width_cm1, p.query_height, p.reference_cm1, p.reference_width_cm1, p.reference_height, p.shift_cm1];
    const row = make("tr", { class: p.state }, make("td", {}, p.state), ...cells.map((c, i) => make("td", { class: "n" }, fixed(c, i === 2 || i === 5 ? 2 : 1))));
    const at = p.query_cm1 ?? p.reference_cm1;
    return pickable(row, false, () => { plot.set([at - 60, at + 60]); $("plot").scrollIntoView({ block: "nearest" }); });
  });
  const head = [["peak"], ["query", 1], ["width", 1], ["height", 1], ["reference", 1], ["width", 1], ["height", 1], ["shift", 1]];
  return make("section", {}, make("h3", {}, `Peaks beside ${mineral.name} ${mineral.nearest[0].rruff_id}`), make("p", { class: "soft" }, `${counts}${shift}. In cm⁻¹; a row zooms to its peak.`), table("peaks", head, rows));
}

const sizeOf = (spectra, minerals) => `${spectra.toLocaleString("en")} ${spectra === 1 ? "spectrum" : "spectra"} of ${minerals.toLocaleString("en")} ${minerals === 1 ? "mineral" : "minerals"}`;
const ownOf = ({ own }) => (own ? `; own library: ${sizeOf(own.spectra, own.minerals)} (own:…), probabilities calibrated on RRUFF's alone` : "");

function how(entry) {
  const { data } = entry, read = data.read;
  const text = (value) => (Array.isArray(value) ? value.join(" ") : value);
  const facts = [
    ["read", `${[read.format, read.columns].filter(Boolean).join(", ")}; ${read.points_measured} points, ${read.range_cm1.join(" to ")} cm⁻¹${read.laser_nm ? `, laser ${read.laser_nm} nm` : ""}`],
    ["preprocessing", data.preprocessing.join("; ")],
    ["settings", Object.entries(data.settings).map(([k, v]) => `${k} ${text(v)}`).join(", ")],
    ["countries", `${data.countries.map((c) => `${c.iso_a2} ${percent(c.probability)}`).join(", ")}. ${data.countries_caveat}`],
    ["library", `version ${data.library.version}; searched ${sizeOf(data.library.searched_spectra, data.library.searched_minerals)}${ownOf(data.library)}`],
    ["cite", data.library.citation],
  ];
  return make("section", {}, make("h3", {}, "Download"), make("p", { class: "buttons" },
    make("button", { type: "button", id: "report", onclick: () => report(entry) }, "Report (HTML)"),
    make("button", { type: "button", onclick: () => save(JSON.stringify(data), "application/json", `${data.file}.json`) }, "Data (JSON)")),
  make("h3", {}, "How this was made"), make("dl", {}, ...facts.flatMap(([k, v]) => [make("dt", {}, k), make("dd", {}, v)])));
}

async function report(entry) {
  progress("report …");
  try {
    const answer = await upload(entry.file, { format: "html", spectrum: entry.number, ...accepting(entry.accepted) });
    save(await answer.text(), "text/html", `${entry.data.file}.html`);
  } catch (error) {
    if (error.name !== "AbortError") fail(entry.data.file, error.message);
  }
  if (!busy) progress("");
}

function save(text, type, name) {
  const made = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name.replaceAll("#", "_") });
  made.click();
  setTimeout(() => URL.revokeObjectURL(made.href), 10_000);
}

// ---- references of a name

async function lookUp(name) {
  progress(`${name} …`);
  try {
    const found = await (await ask(`/api/minerals?${new URLSearchParams({ name })}`)).json();
    const all = found.minerals.flatMap((m) => m.spectra);
    current = null;
    for (const one of entries) one.button.setAttribute("aria-current", false);
    $("title").textContent = found.minerals.map((m) => m.name).join(", ");
    $("verdict").textContent = `${all.length} reference ${all.length === 1 ? "spectrum" : "spectra"}`;
    const filed = found.minerals.filter((m) => m.name.toLowerCase() !== name.trim().toLowerCase()).map((m) => m.name).join(", ");
    $("warnings").replaceChildren(...(filed ? [make("p", { class: "warning" }, `${name} is an older, newer or related name: RRUFF files these spectra as ${filed}, too.`)] : []));
    for (const one of document.querySelectorAll(".of-query")) one.hidden = true;
    state("shown");
    await showReferences(all, new Set(all.slice(0, 4).map((s) => s.id)), false);
  } catch (error) {
    fail(name, error.message);
  }
  progress("");
}

async function showReferences(all, drawn, keepRange) {
  const rows = all.map((s) => pickable(make("tr", {}, make("td", {}, link(s)), make("td", {}, s.id), make("td", { class: "n" }, s.laser_nm ?? ""), make("td", {}, s.rating),
    make("td", {}, s.locality ?? s.country ?? ""), make("td", {}, s.also_named.join(", ")), make("td", {}, s.peaks.map((p) => fixed(p.cm1, 0)).join(" "))), drawn.has(s.id), () => {
    const next = new Set(drawn);
    if (!next.delete(s.id)) next.add(s.id);
    showReferences(all, next.size ? next : drawn, true);
  }));
  $("details").replaceChildren(make("p", { class: "soft" }, "A row draws its spectrum or takes it away."), table("spectra", [["specimen"], ["spectrum"], ["laser, nm", 1], ["rating"], ["locality"], ["also named"], ["peaks, cm⁻¹"]], rows));
  const list = [];
  for (const s of all.filter((one) => drawn.has(one.id))) {
    const found = await reference(s.id);
    list.push({ kind: "reference", label: `${s.mineral} ${s.rruff_id}${s.laser_nm ? `, ${s.laser_nm} nm` : ""}`, points: pointsOf(found.curve) });
  }
  if (!current) plot.show(list, [], keepRange);
}

// ---- events

$("files").addEventListener("change", (event) => { add(event.target.files); event.target.value = ""; });
for (const name of ["dragenter", "dragover"]) addEventListener(name, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
addEventListener("drop", (event) => { event.preventDefault(); $("drop").classList.remove("over"); add(event.dataTransfer.files); });
$("stop").addEventListener("click", stop);
$("clear").addEventListener("click", () => { files.length = 0; clear(); });
$("options").addEventListener("submit", (event) => { event.preventDefault(); clear(); identify([...files]); });
$("look-up").addEventListener("submit", (event) => { event.preventDefault(); lookUp($("name").value); });
$("list").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = entries[entries.findIndex((entry) => entry.button === document.activeElement) + step];
  if (!step || !next) return;
  event.preventDefault();
  next.button.focus();
  choose(next);
});
$("raw").addEventListener("change", () => current && curves(current, true));
$("height").addEventListener("change", (event) => { plot.height = Number(event.target.value); plot.draw(); });
for (const radio of document.getElementsByName("mode")) radio.addEventListener("change", () => { plot.mode = radio.value; plot.draw(); });
for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => plot.zoom(button.dataset.zoom));

try {
  const { library, minerals: known } = await (await ask("/api/minerals")).json();
  $("library").textContent = `${sizeOf(library.spectra, library.minerals)}, version ${library.version}${ownOf(library)}`;
  $("names").append(...known.flatMap((m) => [m.name, ...m.also_named]).filter((n, i, all) => all.indexOf(n) === i).map((n) => make("option", { value: n })));
  if (library.simulated) {
    $("simulated").textContent = "Simulated library: its spectra are not measurements, so the answers say nothing about a real mineral. Build a real one with raman-pipeline build-library --profile rruff.";
    $("simulated").hidden = false;
  }
} catch (error) {
  fail("No library", error.message);
}
