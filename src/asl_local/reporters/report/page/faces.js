// Faces: what Rekognition says of a face, in a line.
// Knows: the members of a FaceDetail. Must never know: how values are shown, or where a face comes from.

const FACE_WORDS = {
  Smile: ["smiling", "not smiling"],
  Eyeglasses: ["with glasses", "without glasses"],
  Sunglasses: ["with sunglasses", "without sunglasses"],
  Beard: ["with a beard", null],
  EyesOpen: ["eyes open", "eyes closed"],
  MouthOpen: ["mouth open", null],
};

/** A FaceDetail of DetectFaces or IndexFaces as words, such as "a face, 99.9 %: 23 to 31 years old, smiling"; null for all else. */
function faceIn(value) {
  if (value === null || typeof value !== "object" || typeof value.BoundingBox !== "object") return null;
  const said = [];
  const number = (given) => Number(String(given));  // an Exact says its text
  const [youngest, oldest, sure] = [value.AgeRange?.Low, value.AgeRange?.High, value.Confidence].map(number);
  if (Number.isFinite(youngest) && Number.isFinite(oldest)) said.push(`${youngest} to ${oldest} years old`);
  for (const [member, words] of Object.entries(FACE_WORDS)) {
    const word = { true: words[0], false: words[1] }[value[member]?.Value];
    if (word) said.push(word);
  }
  if (said.length === 0) return null;
  return `a face${Number.isFinite(sure) ? `, ${sure.toFixed(1)} %` : ""}: ${said.join(", ")}`;
}
