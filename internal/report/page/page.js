
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  // The only way that anything gets into the page: as text.
  const el = (tag, cls, ...children) => {
    const e = document.createElement(tag);
    if (cls) e.className = cls;
    for (const c of children) if (c !== undefined && c !== "") e.append(c);
    return e;
  };
  // Control characters and those that turn the direction of a line are shown.
  const plain = (s) => String(s ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  const plural = (n, noun) => n + " " + noun + (n === 1 ? "" : "s");
  const name = (ref) => [ref.kind, ref.namespace, ref.name].filter(Boolean).map(plain).join("/");
  const where = (pos) => {
    const s = plain(pos.file) + (pos.line ? ":" + pos.line + (pos.column ? ":" + pos.column : "") : "");
    return pos.origin && pos.origin !== pos.file ? (s + " (from " + plain(pos.origin) + ")").trim() : s;
  };
  const known = (s) => data.states.includes(s) ? s : "";

  const finding = (f, apps) => {
    const at = f.where ?? where(f.pos);
    const li = el("li", f.severity);
    li.append(el("span", "badge " + f.severity, f.waived ? "waived " + f.severity : f.severity), " ", el("code", "", f.rule));
    if (at) li.append(" ", el("code", "", at));
    if (name(f.ref)) li.append(" ", el("code", "dim", name(f.ref)));
    li.append(el("p", "", plain(f.message)));
    if (f.fix) li.append(el("p", "dim", plain(f.fix)));
    if (f.waived) li.append(el("p", "dim", "waived: " + plain(f.waived)));
    if (apps && apps.length) li.append(el("p", "dim", "in " + apps.slice(0, 8).map(plain).join(", ") + (apps.length > 8 ? " and " + (apps.length - 8) + " more" : "")));
    return li;
  };

  // Which lines of a aren't in b, and the other way round: the longest common
  // subsequence, for texts of a size for which that is quick.
  const changes = (a, b) => {
    const x = a.map(() => true), y = b.map(() => true);
    if (a.length * b.length > 4e6) return [x, y];
    const w = b.length + 1, t = new Uint32Array((a.length + 1) * w);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        t[i * w + j] = a[i] === b[j] ? t[(i + 1) * w + j + 1] + 1 : Math.max(t[(i + 1) * w + j], t[i * w + j + 1]);
    for (let i = 0, j = 0; i < a.length && j < b.length;) {
      if (a[i] === b[j]) { x[i++] = false; y[j++] = false; }
      else if (t[(i + 1) * w + j] >= t[i * w + j + 1]) i++;
      else j++;
    }
    return [x, y];
  };
  const lines = (s) => s ? s.replace(/\r\n/g, "\n").replace(/\n$/, "").split("\n") : [];
  const side = (title, text, marks, cls) => {
    const pre = el("pre");
    pre.tabIndex = 0;
    pre.setAttribute("aria-label", title);
    text.forEach((l, i) => pre.append(el("span", marks[i] ? cls : "", plain(l) || " ")));
    return el("div", "", el("h4", "", title), text.length ? pre : el("p", "dim", ""));
  };
  const later = (details, build) => {
    const once = () => { if (!details.open) return; details.removeEventListener("toggle", once); details.append(build()); };
    details.addEventListener("toggle", once);
    return details;
  };
  const steps = (n) => {
    const ol = el("ul"), why = (word, b) => word + b.message + (b.rule ? " (" + b.rule + ")" : "");
    for (const t of [(n?.blockers ?? []).map((b) => why("", b)), n?.or ? ["or " + n.or + ": the guarded way is open"] : [], (n?.needs ?? []).map((t) => "needed: " + t), (n?.later ?? []).map((b) => why("later: ", b))].flat()) ol.append(el("li", "", plain(t)));
    return ol.childNodes.length ? ol : "";
  };
  const secret = (s) => {
    const d = el("details", "secret");
    const step = s.next?.step && "next " + s.next.step + (s.next.safe ? "" : ": not safe");
    const facts = [s.mode, s.store, s.target && "Secret " + s.target, step, where(s.pos)].filter(Boolean).map(plain).join(" \u00b7 ");
    d.append(el("summary", "", el("code", "", name(s.ref)), " ", el("span", "dim", facts)));
    return later(d, () => {
      const a = lines(s.before), b = lines(s.after), [x, y] = s.after ? changes(a, b) : [a.map(() => false), []];
      return el("div", "", steps(s.next), el("div", "sides", side("Before", a, x, "del"), side(s.after ? "After" : "After: not converted", b, y, "ins")));
    });
  };

  const body = (a) => {
    const b = el("div", "body");
    const facts = [a.namespace && "namespace " + a.namespace, a.project && "project " + a.project, a.path && "path " + a.path,
      a.application && where(a.application) && "Application " + where(a.application)].filter(Boolean).map(plain).join(" \u00b7 ");
    if (facts) b.append(el("p", "dim", facts));
    if (a.reason) b.append(el("p", "", plain(a.reason)));
    if (a.findings) { b.append(el("h3", "", "Findings")); const ol = el("ol"); a.findings.forEach((f) => ol.append(finding(f))); b.append(ol); }
    if (a.secrets) { b.append(el("h3", "", "Secrets")); a.secrets.forEach((s) => b.append(secret(s))); }
    return b;
  };

  const text = (...parts) => parts.flat(3).filter(Boolean).join("\n").toLowerCase();
  const findingText = (f) => [f.rule, f.severity, f.message, f.fix, f.waived, where(f.pos), name(f.ref)];
  const rows = data.apps.map((a) => {
    const d = el("details", "app"), fs = (a.findings ?? []).filter((f) => !f.waived), n = (s) => fs.filter((f) => f.severity === s).length;
    const found = el("span");
    for (const s of ["error", "warning", "info"]) if (n(s)) found.append(found.childNodes.length ? ", " : "", el("span", s, plural(n(s), s)));
    d.append(el("summary", "", el("span", "id", plain(a.id)), el("span", "badge " + known(a.state), a.state), el("span", "dim", plain(a.kind)),
      el("span", "", a.kes ? a.converted + " of " + a.kes : ""), found, el("span", "dim", plain(a.reason))));
    later(d, () => body(a));
    return { app: a, element: d, text: text(a.id, a.name, a.cluster, a.namespace, a.project, a.path, a.kind, a.state, a.reason,
      (a.findings ?? []).map(findingText), (a.secrets ?? []).map((s) => [name(s.ref), s.store, s.target, s.mode, where(s.pos)])) };
  });
  const places = data.places.map((f) => ({ f, text: text(findingText(f), f.in ?? []), element: null }));

  const shown = new Set(data.states), t = data.totals;
  let limit = 10; // the apps are below
  const apply = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean), hit = (s) => words.every((w) => s.includes(w));
    let n = 0;
    for (const r of rows) {
      const on = shown.has(r.app.state) && hit(r.text);
      r.element.hidden = !on;
      if (on) n++;
    }
    $("apps-count").textContent = n === rows.length ? plural(n, "app") : n + " of " + plural(rows.length, "app") + " shown";
    const found = places.filter((p) => hit(p.text)), some = found.slice(0, limit);
    $("findings").replaceChildren(...some.map((p) => p.element ??= finding(p.f, p.f.in)));
    $("findings-count").textContent = found.length === places.length ? plural(found.length, "finding") : found.length + " of " + plural(places.length, "finding") + " shown";
    $("more").hidden = some.length === found.length;
    $("more").textContent = "Show " + (found.length - some.length) + " more";
  };

  $("summary").textContent = plural(data.apps.length, "app") + ", " + t.open + " left to move; " + t.converted + " of " + plural(t.kes, "KES resource") + " converted; " +
    [[t.errors, "error"], [t.warnings, "warning"], [t.infos, "info"]].map(([n, s]) => plural(n, s)).join(", ") + (t.waived ? ", " + t.waived + " waived" : "") +
    (data.version ? " (kesbridge " + plain(data.version).replace(/^kesbridge /, "") + ")" : "");
  const said = [];
  for (const s of data.states) {
    const n = t.apps[s];
    if (!n) continue;
    said.push(n + " " + s);
    // No style attribute: the policy allows none. An SVG of that many units.
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    svg.setAttribute("class", s);
    svg.setAttribute("preserveAspectRatio", "none");
    rect.setAttribute("width", "100%");
    rect.setAttribute("height", "100%");
    svg.append(rect);
    svg.style.flexGrow = String(n); // through the object model, which the policy leaves alone
    $("bar").append(svg);
    const b = el("button", s, n + " " + s);
    b.type = "button";
    b.setAttribute("aria-pressed", "true");
    b.addEventListener("click", () => {
      if (!shown.delete(s)) shown.add(s);
      b.setAttribute("aria-pressed", String(shown.has(s)));
      apply();
    });
    $("states").append(b);
  }
  $("bar").setAttribute("aria-label", said.join(", "));
  const head = el("div", "head");
  head.setAttribute("aria-hidden", "true");
  for (const h of ["", "app", "state", "kind", "converted", "findings", "reason"]) head.append(el("span", "", h));
  $("list").append(head, ...rows.map((r) => r.element));
  $("search").addEventListener("input", apply);
  $("more").addEventListener("click", () => { limit += 200; apply(); });
  $("fold").addEventListener("click", () => document.querySelectorAll("details[open]").forEach((d) => { d.open = false; }));
  $("unfold").addEventListener("click", () => rows.filter((r) => !r.element.hidden).slice(0, 100).forEach((r) => { r.element.open = true; }));
  apply();
})();
