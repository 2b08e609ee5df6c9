// The scans beside what was found in them, one pair after the other: by a finger, by buttons, by arrow keys.
import { button, el, icon } from "./dom.js";
import { say, whole } from "./texts.js";

export function viewer(words, { scans }) {
  const slides = words.scans.map((scan, index) => slide(scan, scans[index], index));
  const strip = el(
    "ol",
    { class: "slides", tabindex: "0", "aria-label": say("Scans, and what was found in them") },
    slides,
  );
  const dots = words.scans.map((scan, index) =>
    el(
      "button",
      {
        type: "button",
        class: scan.fraction === null ? "dot refused" : "dot",
        "aria-label": say("Scan {number}", { number: scan.number }),
        onclick: () => show(index),
      },
      whole(index + 1),
    ),
  );
  const previous = button("", {
    kind: "round",
    picture: "back",
    "aria-label": say("Previous scan"),
    id: "previous",
    onclick: () => show(shown - 1),
  });
  const next = button("", {
    kind: "round",
    picture: "next",
    "aria-label": say("Next scan"),
    id: "following",
    onclick: () => show(shown + 1),
  });
  let shown = 0;

  function mark(index) {
    shown = index;
    dots.forEach((dot, place) => {
      if (place === index) dot.setAttribute("aria-current", "true");
      else dot.removeAttribute("aria-current");
    });
    previous.disabled = index === 0;
    next.disabled = index === slides.length - 1;
  }

  function show(index) {
    const chosen = Math.min(Math.max(index, 0), slides.length - 1);
    const from = strip.getBoundingClientRect().left;
    strip.scrollBy({ left: slides[chosen].getBoundingClientRect().left - from, behavior: "smooth" });
    mark(chosen);
  }

  // Whichever slide fills most of the strip is the one that is shown.
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) mark(slides.indexOf(entry.target));
    },
    { root: strip, threshold: 0.6 },
  );
  slides.forEach((one) => seen.observe(one));
  mark(0);
  return el(
    "section",
    { class: "card viewer", id: "viewer" },
    el("h2", {}, say("Scans, and what was found in them")),
    strip,
    el("div", { class: "controls" }, previous, el("div", { class: "dots" }, dots), next),
    el(
      "p",
      { class: "note" },
      say("White line: lens. Black line in white: the pixels that are counted as cataract."),
      " ",
      say("Colours of the scans, probability of cataract:"),
      " ",
      key(words),
    ),
  );
}

function slide(scan, { original, overlay }, index) {
  const number = { number: whole(index + 1) };
  const shown = (address, alt) => el("img", { src: address, alt, draggable: "false" });
  const pictures = original
    ? [
        shown(original, say("Scan {number} as recorded", number)),
        overlay
          ? shown(overlay, say("Scan {number} with the probability of cataract in colour", number))
          : blank(say("not graded")),
      ]
    : [blank(say("The file could not be read or labelled."))];
  const found =
    scan.fraction === null
      ? el("strong", {}, say("not graded"))
      : [`${say("Cataract Fraction")} `, el("strong", {}, scan.fraction)];
  const reasons = scan.reasons.map(({ word, meaning, english }) =>
    el(
      "li",
      {},
      meaning,
      english && [" ", el("span", { lang: "en", dir: "ltr" }, english)],
      " ",
      el("code", { dir: "ltr" }, word),
    ),
  );
  return el(
    "li",
    { class: "slide", "data-scan": index + 1 },
    el("div", { class: pictures.length > 1 ? "both" : "both alone", dir: "ltr" }, pictures),
    el(
      "p",
      { class: "caption" },
      say("Scan {number}", number),
      scan.angle && ` · ${say("{angle}°", { angle: scan.angle })}`,
      " · ",
      found,
    ),
    reasons.length > 0 && el("ul", {}, reasons),
  );
}

function blank(text) {
  return el("span", { class: "blank" }, icon("warning"), el("span", {}, text));
}

export function key(words) {
  return el(
    "span",
    { class: "key" },
    whole(0),
    el("img", { src: words.colour_bar, alt: "", width: 64, height: 8 }),
    whole(1),
  );
}
