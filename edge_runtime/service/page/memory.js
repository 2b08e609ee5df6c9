// All that the page knows of a patient: files, pictures, the exam in the service. Nothing is stored in the browser.
const urls = new Set();
let current = null;

export function patient() {
  return current;
}

export function newPatient(eye) {
  current = { eye, scans: [], notice: "", exam: null, result: null, stop: new AbortController() };
  return current;
}

// An address for bytes in memory; it ends with the patient.
export function address(bytes) {
  const url = URL.createObjectURL(bytes);
  urls.add(url);
  return url;
}

export function release(url) {
  URL.revokeObjectURL(url);
  urls.delete(url);
}

// Returns the exam of the service, which is to be forgotten too.
export function forget() {
  const exam = current?.exam ?? null;
  current?.stop.abort();
  current = null;
  urls.forEach(release);
  return exam;
}
