// Which eye the name of a file says, by the rules and the words of edge_runtime/exams/names.py. The eye alone is sent.

// "OD" or "OS"; null where the name says none, or both. `words` say an eye anywhere, `letters` before numbers alone.
export function eyeInName(file, { words, letters }) {
  const name = file.replace(/([^.])\.[^.]*$/u, "$1");
  const parts = name.normalize("NFKC").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const eyes = new Set();
  parts.forEach((part, place) => {
    const word = /^\p{Nd}*([\p{L}\p{Nl}\p{No}]+)\p{Nd}*$/u.exec(part)?.[1];
    const isLast = parts.slice(place + 1).every((later) => /^\p{Nd}+(deg)?$/u.test(later));
    const eye = own(words, word) ?? (isLast ? own(letters, part) : null);
    if (eye) eyes.add(eye);
  });
  return eyes.size === 1 ? [...eyes][0] : null;
}

function own(table, word) {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : null;
}
