// Pictures: which object of S3 a JSON value names, and whether the page has a small picture of it.
// Knows: the names that people give buckets and keys (as reporters/report/thumbnails.py). Must never know: how values are shown.

const BUCKET_NAMES = ["s3bucket", "bucket", "bucketname"];
const KEY_NAMES = ["s3key", "key", "objectkey"];
const NESTED_NAMES = { bucket: "name", object: "key" };

// A text as it stands, below a member of S3's own events, or typed as DynamoDB has it ({"S": text}).
function namedText(value, nested) {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    value = "S" in value && Object.keys(value).length === 1 ? value.S : nested === undefined ? undefined : value[nested];
  }
  return typeof value === "string" && value !== "" ? value : undefined;
}

// The bucket and the key that an object's members name: {bucket, key}, undefined where there is none.
function namedObject(value) {
  let bucket, key, name;
  for (const [member, given] of Object.entries(value)) {
    const plain = member.toLowerCase().replace(/[_-]/g, "");
    const nested = Object.hasOwn(NESTED_NAMES, plain) ? NESTED_NAMES[plain] : undefined;
    if (BUCKET_NAMES.includes(plain)) bucket ??= namedText(given, nested);
    else if (KEY_NAMES.includes(plain) || plain === "object") key ??= namedText(given, nested);
    else if (plain === "name") name = namedText(given);
  }
  return { bucket, key: key ?? (bucket === undefined ? undefined : name) };
}

// The bucket that keys inside of a value belong to: its own, else that of the value around it.
function bucketIn(value, around) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return around;
  return namedObject(value).bucket ?? around;
}

// The picture of the object that a text ("s3://bucket/key") or an object ({"Bucket", "Key"} and the like) names:
// {uri, reference: "bucket/key"}, or null. `pictures` are data URIs by reference, `around` is bucketIn(the value around it).
function pictureOf(pictures, value, around) {
  let reference;
  if (typeof value === "string") {
    if (value.startsWith("s3://")) reference = value.slice("s3://".length);
  } else if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const { bucket = around, key } = namedObject(value);
    if (bucket !== undefined && key !== undefined) reference = `${bucket}/${key}`;
  }
  if (reference === undefined || !Object.hasOwn(pictures, reference)) return null;
  return { uri: pictures[reference], reference };
}

// The first picture that a value has anywhere in it, among its first values; null where there is none.
function firstPicture(pictures, value, around, budget = { left: 100 }) {
  budget.left -= 1;
  const found = pictureOf(pictures, value, around);
  if (found !== null || value === null || typeof value !== "object") return found;
  const bucket = bucketIn(value, around);
  for (const inner of Object.values(value)) {
    if (budget.left <= 0) break;
    const deeper = typeof inner === "object" || typeof inner === "string" ? firstPicture(pictures, inner, bucket, budget) : null;
    if (deeper !== null) return deeper;
  }
  return null;
}
