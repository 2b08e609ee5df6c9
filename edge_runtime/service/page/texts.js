// The sentences of the page, in the language that was chosen; English is what the page's files say.
const loaded = new Map();
let texts = {
  code: "en",
  direction: "ltr",
  languages: { en: "English" },
  sentences: {},
  digits: [..."0123456789"],
  eye_words: { words: {}, letters: {} },
};

export function say(sentence, values = {}) {
  const translated = texts.sentences[sentence] ?? sentence;
  return translated.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export function whole(number) {
  return String(number).replace(/\d/g, (digit) => texts.digits[digit]);
}

export function eyeWords() {
  return texts.eye_words;
}

// The same words, asked for where none are here yet, as where the service was away when the page came.
export async function knownEyeWords() {
  const [known = await load("en")] = loaded.values();
  return known.eye_words; // they are the same in every language
}

export function languageCode() {
  return texts.code;
}

export function languages() {
  return Object.entries(texts.languages);
}

async function load(code) {
  if (!loaded.has(code)) {
    const answer = await fetch(`/page/texts/${encodeURIComponent(code)}.json`, { cache: "no-store" });
    if (!answer.ok) throw new Error(`no texts in ${code}`);
    loaded.set(code, await answer.json());
  }
  return loaded.get(code);
}

// Speak a language from now on. The others are fetched too, so that changing needs no service later.
export async function speak(code) {
  texts = await load(code);
  document.documentElement.lang = texts.code;
  document.documentElement.dir = texts.direction;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  document.title = say("Lens report");
  for (const [other] of languages()) load(other).catch(() => {});
}
