// Elements are made one by one, and text stays text: nothing that comes from a file or a service is read as HTML.
const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

export function drawn(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function icon(name) {
  const paths = ICONS[name].map((d) => drawn("path", { d }));
  const mirrored = name === "next" || name === "back" || name === "refer" ? " mirrored" : "";
  const attributes = { class: `icon${mirrored}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" };
  return drawn("svg", attributes, ...paths);
}

export function button(text, { kind = "plain", picture = null, ...attributes }) {
  return el("button", { type: "button", class: kind, ...attributes }, picture && icon(picture), el("span", {}, text));
}

// A screen with its title, which is read out as the screen appears.
export function screen(name, title, ...children) {
  return el("section", { class: `screen ${name}` }, el("h1", { tabindex: "-1" }, title), children);
}

// The signs of the answers are those of the printed report.
const ICONS = {
  refer: ["M4 12h14M12 5l7 7-7 7"],
  repeat: ["M19 12a7 7 0 1 1-2.1-5M19 3v5h-5"],
  "no-sign": ["M5 13l5 5 9-12"],
  ungradable: ["M8.5 9a3.5 3.5 0 1 1 5 3.2c-1 .6-1.5 1.2-1.5 2.3M12 18.6v.1"],
  next: ["M9 5l7 7-7 7"],
  back: ["M15 5l-7 7 7 7"],
  close: ["M6 6l12 12M18 6L6 18"],
  add: ["M12 5v14M5 12h14"],
  print: ["M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z"],
  person: ["M12 12a4 4 0 1 0 0-8a4 4 0 0 0 0 8zM4 21c0-4 4-6 8-6s8 2 8 6"],
  warning: ["M12 4L2.5 20h19zM12 10v4.5M12 17.2v.1"],
  wait: ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7v5l3.5 2"],
  language: ["M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M3 12h18", "M12 3c4 4 4 14 0 18M12 3c-4 4-4 14 0 18"],
  file: ["M6 3h8l4 4v14H6zM14 3v4h4"],
};
