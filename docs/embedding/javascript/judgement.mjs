// What a measurement says: reasons not to grade it, and the decision by the network's own threshold.
const ROUNDING = 1e-9; // 0.14 - 0.12 is a little more than 0.02 in binary
// Kinds of picture in the order of the look, with the reason not to grade one; the last, altered pictures, is no kind.
const NOT_GRADED = [null, "artificial-lens", null, "no-lens", "lens-mostly-outside", "other-scan", "not-a-scan"];
const OUTSIDE = "lens-mostly-outside";
const IN_PART = "lens-in-part";
// Reasons in the order of the output of `count`.
const REASONS = [
  "lens-not-found",
  "lens-too-small",
  "lens-too-large",
  "lens-not-solid",
  IN_PART,
  OUTSIDE,
  "unlikely-brightness",
];

// The kind of picture in which no natural lens can be graded, where such kinds are likelier than the others.
function otherPicture(likely) {
  const kinds = NOT_GRADED.map((word, kind) => ({ word, likely: likely[kind] }));
  const sum = (some) => some.reduce((total, one) => total + one.likely, 0);
  const others = kinds.filter(({ word }) => word);
  if (!sum(others) || sum(others) < sum(kinds.filter(({ word }) => !word))) return null;
  return others.reduce((most, one) => (one.likely > most.likely ? one : most)).word;
}

export function judged(measured, known, { threshold, guardBand }) {
  const picture = measured.pictures && otherPicture(measured.pictures);
  const holds = (word, rule) => {
    if (word === OUTSIDE && picture === OUTSIDE) return true;
    return measured.holds[rule] && !(word === IN_PART && picture); // of another picture nothing was to be labelled
  };
  const reasons = [
    ...(picture && picture !== OUTSIDE ? [picture] : []),
    ...REASONS.filter(holds),
    ...(known && !measured.found ? ["no-brightness-reference"] : []),
  ];
  const graded = !reasons.length && measured.lens_px > 0;
  const fraction = graded ? measured.cataract_px / measured.lens_px : null; // undefined, not 0
  const margin = graded ? fraction - threshold : null;
  return {
    gradable: !reasons.length,
    reasons,
    lens_px: measured.lens_px,
    cataract_px: measured.cataract_px,
    dropped_px: measured.dropped_px,
    cataract_fraction: fraction,
    threshold,
    guard_band: guardBand,
    decision: !graded ? "ungradable" : margin >= 0 ? "cataract" : "clear",
    borderline: graded && Math.abs(margin) <= guardBand + ROUNDING,
    window: measured.window,
  };
}
