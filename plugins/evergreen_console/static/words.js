// Numbers, moments and windows as text.
import { timeZone } from "./host.js";

const DASH = "–";
const DAY = 86_400_000;

export const number = (value, digits = 3) =>
  value === null || value === undefined
    ? DASH
    : Math.abs(value) >= 1000
      ? value.toLocaleString("en", { maximumFractionDigits: 0 })
      : String(Number(value.toPrecision(digits)));

export const count = (value) => (value === null || value === undefined ? DASH : value.toLocaleString("en"));

/** 1 row, 2 rows. */
export const many = (value, one, more = `${one}s`) => `${count(value)} ${value === 1 ? one : more}`;

export const signed = (value) =>
  value === null || value === undefined ? DASH : `${value > 0 ? "+" : value < 0 ? "−" : "±"}${number(Math.abs(value))}`;

export const percent = (value) => (value === null || value === undefined ? DASH : `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`);

function parts(iso) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: timeZone(), hourCycle: "h23",
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(new Date(iso)).map((part) => [part.type, part.value]));
}

/** A moment in the reader's time zone; midnight is only a date. */
export function moment(iso) {
  if (!iso) return DASH;
  const { year, month, day, hour, minute } = parts(iso);
  const date = `${year}-${month}-${day}`;
  return hour === "00" && minute === "00" ? date : `${date} ${hour}:${minute}`;
}

/** The same as a Date whose UTC fields are those of the reader's clock: what an axis can show. */
export function onClock(iso) {
  const { year, month, day, hour, minute, second } = parts(iso);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

export const zoneName = () => timeZone();

/** A batch: its first moment and its length. */
export const batch = (start, end) => `${moment(start)} · ${length(new Date(end) - new Date(start))}`;

export function length(milliseconds) {
  const units = [["d", DAY], ["h", DAY / 24], ["min", 60_000], ["s", 1000]];
  const [unit, size] = units.find(([, each]) => milliseconds >= each && milliseconds % each === 0) ?? units[3];
  return `${Math.round(milliseconds / size)} ${unit}`;
}

/** How long ago, or in how long, roughly. */
export function ago(iso) {
  const gone = Date.now() - new Date(iso);
  const size = Math.abs(gone);
  const [value, unit] =
    size < 3_600_000 ? [size / 60_000, "min"] : size < 2 * DAY ? [size / 3_600_000, "h"] : [size / DAY, "days"];
  return gone >= 0 ? `${Math.round(value)} ${unit} ago` : `in ${Math.round(value)} ${unit}`;
}

export const short = (id, size = 12) => (id.length > size + 1 ? `${id.slice(0, size)}…` : id);
