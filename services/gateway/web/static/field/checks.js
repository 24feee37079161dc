/* What rules/forms.py, rules/conditions.py, rules/identity.py and rules/applicants.py demand of an application, said
   here once more so that a device without a line finds the same faults at the same fields. tests/shared/field_cases.json
   holds both to the same answers. Pure: knows no page, no store, no clock. */

const ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩", PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹";
const NUMBER = /^-?[0-9]{1,15}(\.[0-9]{1,6})?$/;
const SEPARATORS = /[\s().\-\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/;
const BOOLEANS = { true: true, false: false, on: true, off: false, yes: true, no: false };
const TURNING = /[\u202a-\u202e\u2066-\u2069]/u;
/* Of national IDs: data/governorates.csv has these codes; 88 is born abroad. */
const BORN_IN = new Set(["01", "02", "03", "04", "11", "12", "13", "14", "15", "16", "17", "18", "19", "21", "22", "23",
  "24", "25", "26", "27", "28", "29", "31", "32", "33", "34", "35", "88"]);

export class Wrong {
  constructor(code, params = {}) { this.code = code; this.params = params; }
}

export function westernDigits(text) {
  return text.replace(/[٠-٩]/g, (digit) => ARABIC_DIGITS.indexOf(digit)).replace(/[۰-۹]/g, (digit) => PERSIAN_DIGITS.indexOf(digit));
}

/* -- conditions -- */

/* A number as millionths in a BigInt: answers have up to fifteen digits and six decimals, more than a double holds. */
export function number(value) {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) * 1000000n : null;
  if (typeof value !== "string" || !NUMBER.test(value)) return null;
  const negative = value.startsWith("-");
  const [whole, part = ""] = value.replace("-", "").split(".");
  const found = BigInt(whole) * 1000000n + BigInt(part.padEnd(6, "0"));
  return negative ? -found : found;
}

export function isDay(value) {
  if (typeof value !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)) return false;
  const [year, month, day] = value.split("-").map(Number);
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}

function text(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  return String(value);
}

function equal(value, wanted) {
  if (Array.isArray(value)) return value.includes(wanted);
  if (typeof value === "boolean" || typeof wanted === "boolean") return value === wanted;
  const left = number(value), right = number(wanted);
  return left !== null && right !== null ? left === right : text(value) === text(wanted);
}

function atLeast(value, low) {
  const left = number(value), right = number(low);
  if (left !== null && right !== null) return left >= right;
  return isDay(value) && isDay(low) && value >= low;
}

export function holds(condition, answers) {
  if (!condition || Object.keys(condition).length === 0) return true;
  if ("all" in condition) return condition.all.every((part) => holds(part, answers));
  if ("any" in condition) return condition.any.some((part) => holds(part, answers));
  if ("not" in condition) return !holds(condition.not, answers);
  const value = answers[condition.field] ?? null;
  if ("present" in condition) return (value !== null) === condition.present;
  if (value === null) return false;
  if ("equals" in condition) return equal(value, condition.equals);
  if ("in" in condition) return condition.in.some((one) => equal(value, one));
  const low = condition.at_least ?? null, high = condition.at_most ?? null;
  return (low === null || atLeast(value, low)) && (high === null || atLeast(high, value));
}

/* -- answers -- */

function cleanText(field, value) {
  if (typeof value !== "string") return new Wrong("answer_not_text");
  const long = field.type === "long_text";
  const found = value.replaceAll("\r\n", "\n").normalize("NFC").trim();
  for (const letter of found) {
    if (/[\p{Cc}\p{Cs}]/u.test(letter) && !(long && (letter === "\n" || letter === "\t"))) return new Wrong("answer_not_text");
  }
  const limit = field.max_length || (long ? 4000 : 200);
  if ([...found].length > limit) return new Wrong("answer_too_long", { limit });
  return field.pattern && !matches(field.pattern, found) ? new Wrong("answer_pattern") : found;
}

/* A pattern is written for RE2; one that a browser cannot read is left to the node to judge. */
function matches(pattern, found) {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(found);
  } catch {
    return true;
  }
}

function outOfBounds(field, value) {
  const low = number(field.min ?? null), high = number(field.max ?? null);
  if (low !== null && value < low) return new Wrong("answer_below", { min: field.min });
  if (high !== null && value > high) return new Wrong("answer_above", { max: field.max });
  return null;
}

function cleanInteger(field, value) {
  const found = typeof value === "string" ? westernDigits(value).trim() : String(value);
  if (!["string", "number"].includes(typeof value) || !/^-?[0-9]{1,15}$/.test(found)) return new Wrong("answer_not_integer");
  return outOfBounds(field, BigInt(found) * 1000000n) ?? Number(found);
}

function cleanDecimal(field, value) {
  let found = "";
  if (typeof value === "string") found = westernDigits(value).trim().replaceAll("٫", ".");
  else if (typeof value === "number" && Number.isInteger(value)) found = String(value);
  if (!/^-?[0-9]{1,12}(\.[0-9]{1,6})?$/.test(found)) return new Wrong("answer_not_decimal");
  const exact = number(found);
  const size = exact < 0n ? -exact : exact;
  const part = String(size % 1000000n).padStart(6, "0").replace(/0+$/, "");
  const canonical = `${exact < 0n ? "-" : ""}${size / 1000000n}${part ? `.${part}` : ""}`;
  return outOfBounds(field, exact) ?? canonical;
}

function cleanChoice(field, value) {
  return field.options.some((one) => one.value === value) ? value : new Wrong("answer_not_choice");
}

function cleanChoices(field, value) {
  const chosen = typeof value === "string" ? [value] : value, values = field.options.map((one) => one.value);
  if (!Array.isArray(chosen) || chosen.some((one) => !values.includes(one))) return new Wrong("answer_not_choice");
  return values.filter((one) => chosen.includes(one));
}

function cleanDate(field, value) {
  const found = typeof value === "string" ? westernDigits(value).trim() : "";
  if (!isDay(found)) return new Wrong("answer_not_date");
  if (isDay(field.min) && found < field.min) return new Wrong("answer_below", { min: field.min });
  if (isDay(field.max) && found > field.max) return new Wrong("answer_above", { max: field.max });
  return found;
}

function cleanBoolean(field, value) {
  if (typeof value === "boolean") return value;
  const read = typeof value === "string" ? BOOLEANS[value.trim().toLowerCase()] : undefined;
  return read === undefined ? new Wrong("answer_not_boolean") : read;
}

const of = (reader) => (field, value) => (typeof value === "string" ? reader(value) : new Wrong("answer_not_text"));
const CLEANERS = {
  text: cleanText, long_text: cleanText, integer: cleanInteger, decimal: cleanDecimal, choice: cleanChoice,
  multi_choice: cleanChoices, date: cleanDate, boolean: cleanBoolean, national_id: of((value) => parseNationalId(value)),
  mobile: of((value) => parseMobile(value)), email: of((value) => parseEmail(value)),
};

export function isEmpty(value) {
  return value === null || value === undefined || (typeof value === "string" && !value.trim()) || (Array.isArray(value) && !value.length);
}

/* {cleaned, faults: [{code, field, params}]}: the answers in the form's order, or all that is wrong with them. A field
   whose `when` does not hold is not asked; what was typed there before is left out. */
export function checkAnswers(form, answers) {
  const cleaned = {}, faults = [];
  for (const field of form) {
    const value = answers[field.name];
    if (!holds(field.when, cleaned)) continue;
    if (isEmpty(value)) {
      if (field.required) faults.push({ code: "field_required", field: `answers/${field.name}`, params: {} });
      continue;
    }
    const found = CLEANERS[field.type](field, value);
    if (found instanceof Wrong) faults.push({ code: found.code, field: `answers/${field.name}`, params: found.params });
    else cleaned[field.name] = found;
  }
  return { cleaned, faults };
}

/* The documents that this applicant may bring; `required` of each says which must be there. */
export function acceptedDocuments(documents, cleaned) {
  return documents.filter((document) => holds(document.when, cleaned));
}

export function checkDocuments(documents, cleaned, given) {
  return acceptedDocuments(documents, cleaned)
    .filter((document) => document.required && !given.includes(document.code))
    .map((document) => ({ code: "document_missing", field: `documents/${document.code}`,
      params: { name_ar: document.name.ar, name_en: document.name.en } }));
}

/* -- who applies -- */

const bare = (value) => westernDigits(value).replace(SEPARATORS, "");

export function parseNationalId(value, today = null) {
  const digits = bare(value);
  if (!/^[0-9]+$/.test(digits)) return new Wrong("national_id_malformed");
  if (digits.length !== 14) return new Wrong("national_id_length", { length: digits.length });
  if (!"23".includes(digits[0])) return new Wrong("national_id_century");
  const born = `${digits[0] === "2" ? "19" : "20"}${digits.slice(1, 3)}-${digits.slice(3, 5)}-${digits.slice(5, 7)}`;
  if (!isDay(born) || (today && born > today)) return new Wrong("national_id_date");
  return BORN_IN.has(digits.slice(7, 9)) ? digits : new Wrong("national_id_governorate");
}

/* Landlines and foreign numbers are told apart by the node alone: here both are no mobile number. */
export function parseMobile(value) {
  const plain = bare(value).replace(/^00/, "+");
  const found = /^(?:\+20|20)?0?(1[0125][0-9]{8})$/.exec(plain);
  return found ? `+20${found[1]}` : new Wrong("phone_invalid");
}

export function parseEmail(value) {
  const address = value.replace(/^ +| +$/g, "");
  const at = address.lastIndexOf("@"), local = address.slice(0, at);
  if (address.length > 254 || !EMAIL.test(address) || local.includes("..") || local.startsWith(".") || local.endsWith(".")) return new Wrong("email_invalid");
  return `${local}@${address.slice(at + 1).toLowerCase()}`;
}

export function parsePassport(value) {
  const found = bare(value).toUpperCase();
  return /^[A-Z0-9]{5,15}$/.test(found) ? found : new Wrong("passport_invalid");
}

export function parseName(value) {
  const name = value.split(/\s+/u).filter(Boolean).join(" ").normalize("NFC");
  if ([...name].length < 3 || !/\p{L}/u.test(name)) return new Wrong("field_required");
  return /[\p{Cc}\p{Cs}\p{Co}]/u.test(name) || TURNING.test(name) ? new Wrong("answer_not_text") : name;
}

export function parseTaxNumber(value) {
  const found = westernDigits(value).replace(/[\s\-/]/gu, "");
  return /^[0-9]{9}$/.test(found) ? found : new Wrong("tax_number_invalid");
}

export function parseCommercialRegister(value) {
  const found = westernDigits(value).replace(/[\s-]/gu, "");
  return /^[0-9]{1,10}$/.test(found) && /[1-9]/.test(found) ? found.replace(/^0+/, "") : new Wrong("commercial_register_invalid");
}

export function parseNumber(value) {
  const found = westernDigits(value).split(/\s+/u).filter(Boolean).join(" ");
  return /^[0-9A-Za-z\u0621-\u064a][0-9A-Za-z\u0621-\u064a /-]{0,29}$/.test(found) && /[0-9]/.test(found) ? found : new Wrong("deed_number_invalid");
}

function parseYear(value, today) {
  const found = westernDigits(value).trim();
  return /^[0-9]{4}$/.test(found) && Number(found) >= 1900 && Number(found) <= Number(today.slice(0, 4)) ? Number(found) : new Wrong("deed_year_impossible");
}

function parseDied(value, today) {
  if (!isDay(value)) return new Wrong("answer_not_date");
  return value > today ? new Wrong("date_in_future") : value;
}

function parseNationality(value) {
  return /^[A-Z]{2}$/.test(value.trim().toUpperCase()) && value.trim().toUpperCase() !== "EG" ? value.trim().toUpperCase() : new Wrong("nationality_unknown");
}

const PERSON = [["name", parseName], ["phone", parseMobile], ["email", parseEmail, "optional"]];
/* What each kind says beyond the person who stands there (rules.applicants.PARTICULARS), as a form asks it. */
export const PARTICULARS = {
  citizen: [],
  company: [["company/name", parseName], ["company/commercial_register", parseCommercialRegister], ["company/tax_number", parseTaxNumber]],
  attorney: [["power_of_attorney/number", parseNumber], ["power_of_attorney/office", parseName], ["power_of_attorney/year", parseYear],
    ["principal/name", parseName], ["principal/national_id", parseNationalId, "optional"], ["principal/passport", parsePassport, "optional"],
    ["principal/commercial_register", parseCommercialRegister, "optional"]],
  heirs: [["deceased/name", parseName], ["deceased/died_on", parseDied, "optional"], ["inheritance/number", parseNumber],
    ["inheritance/court", parseName], ["inheritance/year", parseYear], ["heirs", parseHeirs]],
  foreigner: [["nationality", parseNationality]],
};

/* One heir a line: the name, and after a comma the national ID. */
function parseHeirs(value, today) {
  const heirs = [];
  for (const line of value.split("\n").filter((one) => one.trim())) {
    const [name, id = ""] = line.split(/[,،;؛|\t]/u).map((part) => part.trim());
    const readName = parseName(name), readId = id ? parseNationalId(id, today) : null;
    if (readName instanceof Wrong) return readName;
    if (readId instanceof Wrong) return readId;
    heirs.push({ name: readName, national_id: readId });
  }
  return heirs.length > 60 ? new Wrong("too_many_heirs", { most: 60 }) : heirs;
}

export function askedOf(kind) {
  const card = kind === "foreigner" ? ["passport", parsePassport] : ["national_id", parseNationalId];
  return [PERSON[0], card, PERSON[1], PERSON[2], ...PARTICULARS[kind]];
}

/* {applicant, faults}: the applicant as an application takes one, from a form's values by their path. */
export function checkApplicant(flat, today) {
  const applicant = { kind: flat.kind, language: flat.language || "ar" }, faults = [];
  for (const [path, parse, optional] of askedOf(flat.kind)) {
    const value = flat[path];
    if (isEmpty(value)) {
      if (!optional) faults.push({ code: "field_required", field: `applicant/${path}`, params: {} });
      continue;
    }
    const found = parse(value, today);
    if (found instanceof Wrong) {
      faults.push({ code: found.code, field: `applicant/${path}`, params: found.params });
      continue;
    }
    const [group, name] = path.split("/");
    if (name) (applicant[group] ??= {})[name] = found;
    else applicant[group] = found;
  }
  const principal = applicant.principal;
  if (flat.kind === "attorney" && !["national_id", "passport", "commercial_register"].some((one) => !isEmpty(flat[`principal/${one}`]))) {
    faults.push({ code: "principal_not_identified", field: "applicant/principal/national_id", params: {} });
  } else if (principal && flat.kind === "attorney") {
    for (const one of ["national_id", "passport", "commercial_register"]) principal[one] ??= null;
  }
  return { applicant, faults };
}

/* A card terminal's slip (rules/slips.py): {slip, faults}. */
export function checkSlip(typed) {
  const forms = { terminal_id: /^[A-Z0-9]{8}$/, batch: /^[0-9]{1,6}$/, approval_code: /^[A-Z0-9]{6}$/, last4: /^[0-9]{4}$/ };
  const slip = {}, faults = [];
  for (const [name, form] of Object.entries(forms)) {
    slip[name] = westernDigits(typed[name] || "").replace(/\s/gu, "").toUpperCase();
    if (!form.test(slip[name])) faults.push({ code: "slip_field_invalid", field: `slip/${name}`, params: {} });
  }
  return { slip, faults };
}
